// Grafana imports the default export of this package, which its CommonJS build names differently.
const found = require("./node_modules/react-custom-scrollbars-2/lib/index.js");
export const Scrollbars = found.Scrollbars || found.default;
export default Scrollbars;
