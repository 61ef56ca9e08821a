// Drives the official Node SDKs and prints what an application would see, as JSON.
// Usage: node sdks.mjs > results.json   (base URLs in TW_OPENAI, TW_ANTHROPIC, TW_GOOGLE)
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { generateText, streamText, tool, jsonSchema } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";

const { TW_OPENAI, TW_ANTHROPIC, TW_GOOGLE } = process.env;
const openai = new OpenAI({ apiKey: "sk-canary-openai", baseURL: `${TW_OPENAI}/v1`, maxRetries: 0 });
const anthropic = new Anthropic({ apiKey: "sk-ant-canary", baseURL: TW_ANTHROPIC, maxRetries: 0 });
const google = new GoogleGenAI({ apiKey: "canary-google", httpOptions: { baseUrl: TW_GOOGLE } });
const messages = [{ role: "user", content: "Tell me about weirs." }];
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

// Leaves out what differs between two runs by nature.
const byNature = new Set(["id", "created", "created_at", "responseId", "item_id", "call_id", "toolCallId",
  "timestamp", "headers", "response", "request", "sdkHttpResponse", "signature", "_request_id"]);
function scrub(value) {
  if (Array.isArray(value)) return value.map(scrub);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !byNature.has(key)).map(([k, v]) => [k, scrub(v)]));
}
async function all(stream) {
  const seen = [];
  for await (const item of stream) seen.push(scrub(item));
  return seen;
}
async function first(stream, count) {
  const seen = [];
  for await (const item of stream) {
    seen.push(scrub(item));
    if (seen.length === count) break;
  }
  return seen;
}
async function raised(call) {
  try {
    await call();
    return { class: null };
  } catch (error) {
    return {
      class: error.constructor.name, status: error.status ?? error.statusCode ?? null,
      code: error.code ?? null, type: error.type ?? null, message: error.message,
    };
  }
}

const chat = (model, extra = {}) => openai.chat.completions.create({ model, messages, ...extra });
const message = (model, extra = {}) => anthropic.messages.create({ model, max_tokens: 500, messages, ...extra });
const chatTools = [{ type: "function", function: { name: "weather", parameters: city } }];
const claudeTools = [{ name: "weather", description: "the weather", input_schema: city }];
const scripted = (script) => ({ httpOptions: { headers: { "x-sim-script": script } } });
const gemini = (config = {}) => ({ model: "gemini-2.5-flash", contents: "Tell me about weirs.", config });
const vercel = {
  openai: createOpenAI({ apiKey: "sk-canary-openai", baseURL: `${TW_OPENAI}/v1` }),
  anthropic: createAnthropic({ apiKey: "sk-ant-canary", baseURL: `${TW_ANTHROPIC}/v1` }),
  google: createGoogleGenerativeAI({ apiKey: "canary-google", baseURL: `${TW_GOOGLE}/v1beta` }),
};
const models = [vercel.openai.chat("gpt-4o"), vercel.openai.responses("gpt-4.1"),
  vercel.anthropic("claude-sonnet-4-5"), vercel.google("gemini-2.5-flash")];

const scenarios = {
  openai_plain: async () => scrub(await chat("gpt-4o")),
  openai_stream: async () => all(await chat("gpt-4o", { stream: true })),
  openai_stream_usage: async () =>
    all(await chat("gpt-4o", { stream: true, stream_options: { include_usage: true } })),
  openai_tools: async () => [scrub(await chat("gpt-4o#tools=2", { tools: chatTools })),
    await all(await chat("gpt-4o#tools=1", { tools: chatTools, stream: true }))],
  openai_responses: async () => [
    scrub(await openai.responses.create({ model: "gpt-4.1", input: "Tell me about weirs." })),
    await all(await openai.responses.create({ model: "gpt-4.1", input: "Tell me about dams.", stream: true }))],
  openai_embeddings: async () =>
    scrub(await openai.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] })),
  openai_errors: async () => {
    const seen = [];
    for (const status of [400, 401, 404, 429, 500, 503]) seen.push(await raised(() => chat(`gpt-4o#status=${status}`)));
    seen.push(await raised(async () => all(await chat("gpt-4o#error_at=5", { stream: true }))));
    return seen;
  },
  openai_cancel: async () => first(await chat("gpt-4o#output=400;rate=200", { stream: true }), 5),
  anthropic_plain: async () => scrub(await message("claude-sonnet-4-5")),
  anthropic_stream: async () => [await all(await message("claude-sonnet-4-5", { stream: true })),
    scrub(await anthropic.messages.stream({ model: "claude-sonnet-4-5", max_tokens: 500, messages }).finalMessage())],
  anthropic_tools: async () => [scrub(await message("claude-sonnet-4-5#tools=1", { tools: claudeTools })),
    await all(await message("claude-sonnet-4-5#tools=2", { tools: claudeTools, stream: true }))],
  anthropic_count_tokens: async () =>
    scrub(await anthropic.messages.countTokens({ model: "claude-sonnet-4-5", messages })),
  anthropic_errors: async () => {
    const seen = [];
    for (const status of [400, 401, 429, 500, 529])
      seen.push(await raised(() => message(`claude-sonnet-4-5#status=${status}`)));
    seen.push(await raised(async () => all(await message("claude-sonnet-4-5#error_at=5", { stream: true }))));
    return seen;
  },
  anthropic_cancel: async () => first(await message("claude-sonnet-4-5#output=400;rate=200", { stream: true }), 6),
  google_plain: async () => scrub(await google.models.generateContent(gemini())),
  google_stream: async () => all(await google.models.generateContentStream(gemini())),
  google_tools: async () => scrub(await google.models.generateContent(gemini({
    ...scripted("tools=1"),
    tools: [{ functionDeclarations: [{ name: "weather", description: "the weather", parametersJsonSchema: city }] }] }))),
  google_count_and_embed: async () => [
    scrub(await google.models.countTokens({ model: "gemini-2.5-flash", contents: "Tell me about weirs." })),
    scrub(await google.models.embedContent({ model: "gemini-embedding-001", contents: "weir" }))],
  google_errors: async () => {
    const seen = [];
    for (const status of [400, 403, 429, 500])
      seen.push(await raised(() => google.models.generateContent(gemini(scripted(`status=${status}`)))));
    return seen;
  },
  google_cancel: async () => first(await google.models.generateContentStream(gemini(scripted("output=400;rate=200"))), 4),
  vercel_plain: async () => {
    const seen = [];
    for (const model of models) {
      const { text, usage, finishReason } = await generateText({ model, prompt: "Tell me about weirs.", maxRetries: 0 });
      seen.push({ text, usage, finishReason });
    }
    return scrub(seen);
  },
  vercel_stream: async () => {
    const seen = [];
    for (const model of models) {
      const result = streamText({ model, prompt: "Tell me about weirs.", maxRetries: 0 });
      const parts = await all(result.textStream);
      seen.push({ text: parts.join(""), usage: await result.usage, finishReason: await result.finishReason });
    }
    return scrub(seen);
  },
  vercel_tools: async () => {
    const weather = tool({ description: "the weather", inputSchema: jsonSchema(city) });
    const { toolCalls, finishReason } = await generateText({
      model: vercel.openai.chat("gpt-4o#tools=1"), prompt: "weather?", tools: { weather }, maxRetries: 0 });
    return scrub({ toolCalls, finishReason });
  },
  vercel_errors: async () => {
    const seen = [];
    for (const status of [400, 401, 429, 500])
      seen.push(await raised(() => generateText({
        model: vercel.openai.chat(`gpt-4o#status=${status}`), prompt: "x", maxRetries: 0 })));
    return seen;
  },
};

const results = {};
for (const [name, run] of Object.entries(scenarios)) {
  try {
    results[name] = (await run()) ?? null;
  } catch (error) {
    results[name] = { unexpected: `${error.constructor.name}: ${error.message}` };
  }
}
process.stdout.write(JSON.stringify(results), () => process.exit(0));
