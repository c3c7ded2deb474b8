// The official SDKs of Node as clients: a plain program of a few lines for each.
//
//     BASE_URL=… API_KEY=… node sdk_client.mjs openai-chat "a cat"
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const { BASE_URL, API_KEY } = process.env;
const [name, prompt] = process.argv.slice(2);
const messages = [{ role: "user", content: prompt }];

const clients = {
  async "openai-chat"() {
    const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });
    const stream = await client.chat.completions.create({ model: "gpt-4o", messages, stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
    return text;
  },
  async "openai-responses"() {
    const client = new OpenAI({ baseURL: `${BASE_URL}/v1`, apiKey: API_KEY });
    const stream = await client.responses.create({ model: "gpt-4o", input: prompt, stream: true });
    let text = "";
    for await (const event of stream) if (event.type === "response.output_text.delta") text += event.delta;
    return text;
  },
  async "anthropic-stream"() {
    const client = new Anthropic({ baseURL: BASE_URL, apiKey: API_KEY });
    const stream = client.messages.stream({ model: "claude-sonnet-4-6", max_tokens: 300, messages });
    let text = "";
    stream.on("text", (part) => (text += part));
    await stream.finalMessage();
    return text;
  },
};

console.log(JSON.stringify({ result: await clients[name]() }));
