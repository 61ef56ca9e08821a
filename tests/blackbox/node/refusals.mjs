// What an application sees of refusals through the official Node SDKs with their usual retries, as JSON.
// Usage: node refusals.mjs ORIGIN ADMIN_ORIGIN TOKEN > results.json
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import { generateText, streamText } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";

const [origin, admin, token] = process.argv.slice(2);
const messages = [{ role: "user", content: "Tell me about weirs." }];
const long = { "x-sim-script": "output=6000;rate=2000;per_event=20" };
const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

async function outcome(call) {
  try {
    return { class: null, result: await call() };
  } catch (error) {
    // The AI SDK wraps what it retried.
    const last = error.lastError ?? error;
    return {
      class: error.constructor.name, cause: last.constructor.name, status: last.status ?? last.statusCode ?? null,
      code: last.code ?? null, type: last.type ?? null, retryable: last.isRetryable ?? null, text: String(last.message),
      body: last.error ?? last.responseBody ?? null,
    };
  }
}
const plain = (path, body, headers) => fetch(origin + path, {
  method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers },
}).then((answer) => answer.text()).catch(() => "");

async function all(stream) {
  let seen = 0;
  for await (const _ of stream) seen += 1;
  return seen;
}
async function readUntilCut(stream, meanwhile) {
  let seen = 0;
  for await (const _ of stream) if (++seen === 2) meanwhile();
  return seen;
}

const openai = (workflow, more = {}) => new OpenAI({ apiKey: "k", baseURL: `${origin}/p/openai/v1`,
  defaultHeaders: { "X-LLM-Workflow": workflow, ...more } });
const anthropic = (workflow, more = {}) => new Anthropic({ apiKey: "k", baseURL: `${origin}/p/anthropic`,
  defaultHeaders: { "X-LLM-Workflow": workflow, ...more } });
const google = (workflow, more = {}) => new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: `${origin}/p/gemini`,
  headers: { "X-LLM-Workflow": workflow, ...more }, retryOptions: { attempts: 4 } } });
const vercel = (workflow, more = {}) => {
  const headers = { "X-LLM-Workflow": workflow, ...more };
  return {
    chat: createOpenAI({ apiKey: "k", baseURL: `${origin}/p/openai/v1`, headers }).chat("gpt-4o-mini"),
    responses: createOpenAI({ apiKey: "k", baseURL: `${origin}/p/openai/v1`, headers }).responses("gpt-4.1-mini"),
    anthropic: createAnthropic({ apiKey: "k", baseURL: `${origin}/p/anthropic/v1`, headers })("claude-sonnet-4-5"),
    google: createGoogleGenerativeAI({ apiKey: "k", baseURL: `${origin}/p/gemini/v1beta`, headers })("gemini-2.5-flash"),
  };
};
const chat = (client, more = {}) => client.chat.completions.create({ model: "gpt-4o-mini", max_tokens: 100, messages, ...more });
const responses = (client, more = {}) =>
  client.responses.create({ model: "gpt-4.1-mini", max_output_tokens: 100, input: "Tell me.", ...more });
const message = (client, more = {}) =>
  client.messages.create({ model: "claude-sonnet-4-5", max_tokens: 100, messages, ...more });
const gemini = { model: "gemini-2.5-flash", contents: "Tell me.", config: { maxOutputTokens: 100 } };

const eaters = {
  chat: (workflow) => plain("/p/openai/v1/chat/completions", { model: "gpt-4o-mini", max_tokens: 5000, messages },
    { "X-LLM-Workflow": workflow, "x-sim-script": "output=5000" }),
  responses: (workflow) => plain("/p/openai/v1/responses", { model: "gpt-4.1-mini", max_output_tokens: 5000, input: "x" },
    { "X-LLM-Workflow": workflow, "x-sim-script": "output=5000" }),
  anthropic: (workflow) => plain("/p/anthropic/v1/messages", { model: "claude-sonnet-4-5", max_tokens: 4000, messages },
    { "X-LLM-Workflow": workflow, "x-sim-script": "output=4000" }),
};
// Takes the only place of a workflow for three seconds, longer than the proxy itself waits.
async function busy(path, workflow, body) {
  plain(path, body, { "X-LLM-Workflow": workflow, "x-sim-script": "ttft=3.2;output=3" });
  await sleep(0.25);
}
// The AI SDK hands a stream's error to a callback or to a part; an application that reads the text sees it thrown.
async function vercelStream(model, meanwhile = () => {}) {
  const result = streamText({ model, prompt: "Tell me.", maxOutputTokens: 6000, onError: () => {} });
  let seen = 0;
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "text-delta" && ++seen === 2) meanwhile();
  }
  return seen;
}

const results = {};
for (const stream of [false, true]) {
  const kind = stream ? "stream" : "plain";
  const read = async (answer) => (stream ? all(await answer) : answer);
  results[`openai_chat_${kind}`] = await outcome(() => read(chat(openai(`poor-node-openai_chat_${kind}`), { stream })));
  results[`openai_responses_${kind}`] = await outcome(() => read(responses(openai(`poor-node-openai_responses_${kind}`), { stream })));
  results[`anthropic_${kind}`] = await outcome(() => read(message(anthropic(`poor-node-anthropic_${kind}`), { stream })));
}
results.google_plain = await outcome(() => google("poor-node-google_plain").models.generateContent(gemini));
results.google_stream = await outcome(async () => all(await google("poor-node-google_stream").models.generateContentStream(gemini)));
for (const name of ["chat", "responses", "anthropic", "google"]) {
  const prompt = "Tell me.";
  results[`vercel_${name}_plain`] = await outcome(() => generateText({ model: vercel(`poor-node-vercel_${name}_plain`)[name], prompt, maxOutputTokens: 100 }));
  results[`vercel_${name}_stream`] = await outcome(() => vercelStream(vercel(`poor-node-vercel_${name}_stream`)[name]));
}

results.cut_openai_chat = await outcome(async () => readUntilCut(
  await chat(openai("cut-node-openai_chat", long), { stream: true, max_tokens: 6000 }), () => eaters.chat("cut-node-openai_chat")));
results.cut_openai_responses = await outcome(async () => readUntilCut(
  await responses(openai("cut-node-openai_responses", long), { stream: true, max_output_tokens: 6000 }),
  () => eaters.responses("cut-node-openai_responses")));
results.cut_anthropic = await outcome(async () => readUntilCut(
  await message(anthropic("cut-node-anthropic", long), { stream: true, max_tokens: 6000 }), () => eaters.anthropic("cut-node-anthropic")));
for (const name of ["chat", "responses", "anthropic"]) {
  const workflow = `cut-node-vercel_${name}`;
  results[`cut_vercel_${name}`] = await outcome(() => vercelStream(vercel(workflow, long)[name], () => eaters[name](workflow)));
}

const slow = { "x-sim-script": "output=2000;rate=200" };
const kill = (workflow) => fetch(`${admin}/api/v1/kill`, { method: "POST", body: JSON.stringify({ workflow, reason: "a test" }),
  headers: { "content-type": "application/json", authorization: `Bearer ${token}` } }).then((answer) => answer.text());
results.kill_openai_chat = await outcome(async () => readUntilCut(
  await chat(openai("kill-node-openai_chat", slow), { stream: true, max_tokens: 2000 }), () => kill("kill-node-openai_chat")));
results.kill_anthropic = await outcome(async () => readUntilCut(
  await message(anthropic("kill-node-anthropic", slow), { stream: true, max_tokens: 2000 }), () => kill("kill-node-anthropic")));
results.kill_google = await outcome(async () => readUntilCut(
  await google("kill-node-google", slow).models.generateContentStream({ ...gemini, config: { maxOutputTokens: 2000 } }),
  () => kill("kill-node-google")));
results.kill_vercel_google = await outcome(() =>
  vercelStream(vercel("kill-node-vercel_google", slow).google, () => kill("kill-node-vercel_google")));

await busy("/p/openai/v1/chat/completions", "busy-node-openai_chat", { model: "gpt-4o-mini", messages });
results.busy_openai_chat = await outcome(async () => (await chat(openai("busy-node-openai_chat"))).choices[0].message.content);
await busy("/p/anthropic/v1/messages", "busy-node-anthropic", { model: "claude-sonnet-4-5", max_tokens: 9, messages });
results.busy_anthropic = await outcome(async () => (await message(anthropic("busy-node-anthropic"))).content[0].text);
await busy("/p/gemini/v1beta/models/gemini-2.5-flash:generateContent", "busy-node-google",
  { contents: [{ role: "user", parts: [{ text: "x" }] }] });
results.busy_google = await outcome(async () => (await google("busy-node-google").models.generateContent(gemini)).text);
await busy("/p/openai/v1/chat/completions", "busy-node-vercel_chat", { model: "gpt-4o-mini", messages });
results.busy_vercel_chat = await outcome(async () =>
  (await generateText({ model: vercel("busy-node-vercel_chat").chat, prompt: "Tell me.", maxOutputTokens: 100 })).text);

process.stdout.write(JSON.stringify(results), () => process.exit(0));
