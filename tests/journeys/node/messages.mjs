// Anthropic's npm client against one base URL: `node messages.mjs STORY BASE_URL`, the outcome as one JSON line on standard output.
// CLIENT_HOME is the folder with node_modules/@anthropic-ai/sdk; an import would look for it beside this file instead.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENT_HOME}/`);
const { default: Anthropic } = require("@anthropic-ai/sdk");

const [story, baseURL] = process.argv.slice(2);
const client = new Anthropic({ baseURL, apiKey: "client-key-1234", authToken: null, maxRetries: 0 });

const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const tools = [{ name: "get_weather", description: "The weather in a city", input_schema: city }];
const asked = { model: "pretend-small", max_tokens: 64, messages: [{ role: "user", content: "What is the weather in Oslo?" }] };

const told = (answer) => ({
  text: answer.content.filter((block) => block.type === "text").map((block) => block.text).join(""),
  calls: answer.content.filter((block) => block.type === "tool_use").map((block) => [block.name, block.input]),
  stop: answer.stop_reason,
  tokens: [answer.usage.input_tokens, answer.usage.output_tokens],
});

const stories = {
  async whole() {
    return told(await client.messages.create({ ...asked, tools }));
  },
  async stream() {
    return told(await client.messages.stream({ ...asked, tools }).finalMessage());
  },
  async error() {
    try {
      return told(await client.messages.create({ ...asked, model: "overloaded" }));
    } catch (error) {
      return { name: error.constructor.name, status: error.status, type: error.error?.error?.type };
    }
  },
};

console.log(JSON.stringify(await stories[story]()));
