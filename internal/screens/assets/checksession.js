// The session iframe (OpenID Connect Session Management 1.0, section 3.2). A page
// of an application posts "client_id session_state"; it gets back changed,
// unchanged or error. The session cookie is not for scripts: the server compares.

const pause = 1000; // ms between two questions to the server, at least
const form = /^([\x21-\x7e]{1,200}) ([\x21-\x7e]{1,200})$/;
const [parent] = location.ancestorOrigins ?? []; // absent in some browsers

let asked = -pause; // when the server was asked last
let known = {}; // what it said then: { question, answer }
let waiting; // the newest message that waits for its turn

const reply = ({ source, origin }, answer) => {
  if (answer) source.postMessage(answer, origin);
};

async function ask() {
  const { event, question } = waiting;
  waiting = undefined;
  asked = performance.now();
  try {
    const response = await fetch(`?${question}`, { headers: { accept: "application/json" }, cache: "no-store" });
    // 403: the page is not one of this client's, which is no answer.
    if (response.ok || response.status === 403) known = { question, answer: response.ok ? (await response.json()).session : "" };
  } catch {
    // Out of reach for the moment: what was true stays true.
  }
  reply(event, known.question === question ? known.answer : "error");
}

addEventListener("message", (event) => {
  const { data, origin, source } = event;
  // Only pages that frame this one, or are framed beside it, ask. An origin of
  // their own they must have: nothing is ever posted to "*".
  if (typeof data !== "string" || !source || source === window || origin === "null" || (parent && origin !== parent)) return;
  const message = form.exec(data);
  if (!message) return reply(event, "error");
  const question = String(new URLSearchParams({ client_id: message[1], origin, session_state: message[2] }));
  const wait = asked + pause - performance.now();
  if (wait > 0 && question === known.question) return reply(event, known.answer);
  const scheduled = waiting;
  waiting = { event, question };
  if (!scheduled) wait > 0 ? setTimeout(ask, wait) : ask();
});
