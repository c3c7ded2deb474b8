// A client of Juhuo that stays: told each wish as a line of JSON, answers with one.
import { createInterface } from "node:readline";
import { setTimeout as rest } from "node:timers/promises";

async function ask(wish, method, path, body) {
  const answer = await fetch(wish.base_url + path, {
    method,
    body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${wish.api_key}`, "Content-Type": "application/json" },
    signal: AbortSignal.timeout(10_000),
  });
  const said = await answer.json();
  if (said.code !== "200") throw new Error(said.message);
  return said.result;
}

async function fulfil(wish) {
  const { taskId } = await ask(wish, "POST", "/open-api/v1/video/submit", { prompt: wish.prompt, duration: 4 });
  for (let polls = 0; polls < 60; polls++) {
    const task = await ask(wish, "GET", `/open-api/v1/video/task/${taskId}`);
    if (task.status === "success") return task.outputUrl;
    if (task.status === "fail") throw new Error(task.errorMsg);
    if (!wish.hurry) await rest(5_000);
  }
  throw new Error("not done in time");
}

for await (const line of createInterface({ input: process.stdin })) {
  const wish = JSON.parse(line);
  const word = await fulfil(wish).then(
    (result) => ({ ok: true, result }),
    (error) => ({ ok: false, error: String(error.message) }),
  );
  console.log(JSON.stringify({ run: wish.run, ...word }));
}
