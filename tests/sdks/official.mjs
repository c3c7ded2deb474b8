// The official SDKs from npm as a program uses them; prints one line of JSON: what each step saw. Addresses and keys come by the environment.
import assert from "node:assert";
import { writeFile } from "node:fs/promises";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const { ROUTER, ROUTER_KEY, GATEWAY, GATEWAY_KEY, SPEECH_FILE } = process.env;
const router = new OpenAI({ baseURL: `${ROUTER}/v1`, apiKey: ROUTER_KEY, maxRetries: 0 });
const gateway = new OpenAI({ baseURL: `${GATEWAY}/v1`, apiKey: GATEWAY_KEY, maxRetries: 0 });
const claude = new Anthropic({ baseURL: GATEWAY, apiKey: GATEWAY_KEY, maxRetries: 0 });
const question = [{ role: "user", content: "What is the weather in Paris?" }];
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const chat = { model: "gpt-4o", messages: question };
const message = { model: "claude-sonnet-4-6", max_tokens: 4096, messages: question };
const seen = {};

async function chats() {
  const plain = await router.chat.completions.create(chat);
  let told = "";
  let usage;
  for await (const chunk of await router.chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } })) {
    told += chunk.choices[0]?.delta.content ?? "";
    usage = chunk.usage ?? usage;
  }
  assert.equal(told, plain.choices[0].message.content);
  assert.deepEqual(usage, plain.usage);
  const tools = [{ type: "function", function: { name: "get_weather", parameters: schema } }];
  const called = await router.chat.completions.create({ ...chat, tools });
  seen.chatTool = JSON.parse(called.choices[0].message.tool_calls[0].function.arguments).city;
}

async function responses() {
  const asked = { model: "gpt-5", input: "Hello", reasoning: { effort: "low", summary: "auto" } };
  const plain = await router.responses.create(asked);
  const stream = router.responses.stream(asked);
  let told = "";
  stream.on("response.output_text.delta", (event) => { told += event.delta; });
  const last = await stream.finalResponse();
  assert.equal(told, plain.output_text);
  assert.equal(last.output_text, plain.output_text);
  const next = await router.responses.create({ model: "gpt-5", input: "More", previous_response_id: plain.id });
  assert.equal(next.previous_response_id, plain.id);
}

async function messages() {
  const thinking = { type: "enabled", budget_tokens: 1024 };
  const plain = await claude.messages.create({ ...message, thinking });
  const stream = claude.messages.stream({ ...message, thinking });
  const last = await stream.finalMessage();
  assert.deepEqual(last.content, plain.content);
  assert.deepEqual(last.usage, plain.usage);
  seen.blocks = plain.content.map((block) => block.type);
  const tools = [{ name: "get_weather", input_schema: schema }];
  const called = await claude.messages.create({ ...message, tools });
  const use = called.content.find((block) => block.type === "tool_use");
  seen.messageTool = use.input.city;
  const result = { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: "sunny" }] };
  const answer = await claude.messages.create({ ...message, tools, messages: [...question, { role: "assistant", content: called.content }, result] });
  seen.afterTool = answer.stop_reason;
}

async function media() {
  const picture = await gateway.images.generate({ model: "gpt-image-2", prompt: "An apple", size: "1024x1024" });
  seen.picture = Buffer.from(picture.data[0].b64_json, "base64").subarray(1, 4).toString();
  const speech = await gateway.audio.speech.create({ model: "qwen3-tts-flash", input: "Hello", voice: "Cherry" });
  await writeFile(SPEECH_FILE, Buffer.from(await speech.arrayBuffer()));
  const models = [];
  for await (const model of gateway.models.list()) models.push(model.id);
  seen.models = models.includes("gpt-5.4");
}

async function refusals() {
  seen.refused = {};
  for (const condition of ["invalid_request", "unauthorized", "not_found", "rate_limited", "internal_error"]) {
    const headers = { Prefer: `condition=${condition}` };
    const names = [];
    for (const ask of [() => router.chat.completions.create(chat, { headers }), () => claude.messages.create(message, { headers })]) {
      await ask().then(() => names.push("nothing"), (error) => names.push(error.constructor.name));
    }
    seen.refused[condition] = names;
  }
  const headers = { Prefer: "condition=service_busy, after=3" };
  const stream = await router.chat.completions.create({ ...chat, stream: true }, { headers });
  let chunks = 0;
  seen.broken = await (async () => { for await (const _ of stream) chunks += 1; })().then(() => "nothing", (error) => error.constructor.name);
  assert.equal(chunks, 3);
  const patient = new OpenAI({ baseURL: `${ROUTER}/v1`, apiKey: ROUTER_KEY, maxRetries: 2 });
  await patient.chat.completions.create(chat, { headers: { Prefer: "condition=internal_error", "X-Mark": "again" } }).catch((error) => { seen.again = error.status; });
}

for (const step of [chats, responses, messages, media, refusals]) await step();
console.log(JSON.stringify(seen));
