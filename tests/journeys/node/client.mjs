// The real npm client against one base URL: `node client.mjs STORY BASE_URL`, the outcome as one JSON line on standard output.
// CLIENT_HOME is the folder with node_modules/openai; an import would look for it beside this file instead.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.CLIENT_HOME}/`);
const { default: OpenAI, APIError } = require("openai");

const [story, baseURL] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: process.env.CLIENT_KEY ?? "a-key", maxRetries: 0 });
const { completions } = client.chat;

const say = (content) => [{ role: "user", content }];
const text = "Write a few lines on the sound of tides in Cork around 1870.";
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather in a city", parameters: city } }];
const cold = { model: "m", temperature: 0 };

const joined = async (stream) => {
  let whole = "";
  let usage = null;
  for await (const chunk of stream) {
    whole += chunk.choices[0]?.delta?.content ?? "";
    usage = chunk.usage ?? usage;
  }
  return { text: whole, usage };
};

const failure = async (body, asking = client) => {
  try {
    await asking.chat.completions.create(body);
    return null;
  } catch (error) {
    if (!(error instanceof APIError)) throw error;
    return { name: error.constructor.name, status: error.status ?? null, message: error.message, type: error.type ?? null };
  }
};

const stories = {
  async plain() {
    const answer = await completions.create({ ...cold, messages: say(text) });
    return { text: answer.choices[0].message.content, finish: answer.choices[0].finish_reason, usage: answer.usage };
  },
  async stream() {
    return joined(await completions.create({ ...cold, messages: say(text), stream: true, stream_options: { include_usage: true } }));
  },
  async tools() {
    const answer = await completions.create({ ...cold, messages: say("What is the weather in Oslo?"), tools });
    return answer.choices[0].message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  },
  async parallel() {
    const runner = completions.stream({ ...cold, messages: say("Compare the weather in Oslo and Turin."), tools });
    const answer = await runner.finalChatCompletion();
    return answer.choices[0].message.tool_calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]);
  },
  async structured() {
    const response_format = { type: "json_schema", json_schema: { name: "place", strict: true, schema: city } };
    const answer = await completions.parse({ ...cold, messages: say("Where is Oslo?"), response_format });
    return answer.choices[0].message.parsed;
  },
  async response() {
    const answer = await client.responses.create({ model: "pretend-small", input: "When is low water?" });
    return { text: answer.output_text, status: answer.status, usage: answer.usage.total_tokens };
  },
  async streamed_response() {
    const flat = [{ type: "function", ...tools[0].function, strict: true }];
    const stream = client.responses.stream({ model: "pretend-small", input: "What is the weather in Oslo?", tools: flat });
    const answer = await stream.finalResponse();
    return answer.output.filter((item) => item.type === "function_call").map((call) => [call.name, JSON.parse(call.arguments)]);
  },
  async errors() {
    const found = {};
    for (const status of [401, 403, 404, 409, 422, 429, 500, 503]) {
      found[status] = await failure({ model: `status-${status}`, messages: say("hello") });
    }
    found[400] = await failure({ model: "m", messages: [] });
    return found;
  },
  async unreachable() {
    return failure({ model: "m", messages: say("hello") });
  },
  async cut() {
    try {
      return await joined(await completions.create({ ...cold, messages: say(text), stream: true }));
    } catch (error) {
      return { name: error.constructor.name, message: error.message };
    }
  },
  async abort() {
    const stream = await completions.create({ ...cold, messages: say(text), stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta?.content) break; // leaving the loop aborts the request
    }
    return { aborted: stream.controller.signal.aborted };
  },
  async fifty() {
    const one = async () => (await joined(await completions.create({ ...cold, messages: say(text), stream: true }))).text;
    return Promise.all(Array.from({ length: 50 }, one));
  },
};

console.log(JSON.stringify(await stories[story]()));
