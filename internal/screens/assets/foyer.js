// Enhancements only: every page works without this file.

const all = (selector) => document.querySelectorAll(selector);

// Forms that post themselves. Not again when the person came back to the page:
// then the button is the way on.
const [navigation] = performance.getEntriesByType("navigation");
if (navigation?.type !== "back_forward") {
  for (const form of all("form[data-auto]")) HTMLFormElement.prototype.submit.call(form);
}

// Showing a password. It is hidden again before it is sent, so that browsers
// offer to keep it.
for (const button of all("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const words = [
    [button.textContent, button.getAttribute("aria-label")],
    [button.dataset.hide, button.dataset.hideLabel],
  ];
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = words[+shown][0];
    button.setAttribute("aria-label", words[+shown][1]);
  };
  button.addEventListener("click", () => {
    show(input.type === "password");
    input.focus();
  });
  input.form.addEventListener("submit", () => show(false));
  button.hidden = false;
}

// One click, one request: a second press within five seconds is a slip. The
// request of a back-forward-cached page may be sent again.
for (const form of all("form[method=post]")) {
  let sent = 0;
  form.addEventListener("submit", (event) => {
    const now = Date.now();
    if (now - sent < 5000) return event.preventDefault();
    sent = now;
    const pressed = event.submitter;
    pressed?.setAttribute("aria-busy", "true");
    setTimeout(() => pressed?.removeAttribute("aria-busy"), 5000);
  });
  addEventListener("pageshow", () => {
    sent = 0;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
}

// Applications that are told in frames that the person has signed out. That a
// frame has loaded is all that can be seen of it. Then, or after three seconds,
// the page goes on, unless the person came back to it: then the link does.
const applications = document.getElementById("applications");
if (applications) {
  const frames = [...all("iframe[data-app]")];
  const waiting = new Set(frames);
  const onward = document.querySelector("a[data-onward]");
  let over = false;
  const show = (item, state) => {
    const outcome = item.querySelector(".outcome");
    if (outcome.dataset.state === state) return; // said already
    outcome.dataset.state = state;
    outcome.lastElementChild.textContent = applications.dataset[state];
    outcome.hidden = false;
  };
  const paint = () => {
    [...applications.children].forEach((item, app) => {
      const open = frames.some((frame) => frame.dataset.app === String(app) && waiting.has(frame));
      show(item, !open ? "told" : over ? "unsure" : "waiting");
    });
  };
  const finish = () => {
    if (over) return;
    over = true;
    paint();
    const lead = document.getElementById("applications-lead");
    lead.textContent = lead.dataset.done;
    if (onward && navigation?.type !== "back_forward") location.replace(onward.href);
    else document.getElementById("unsure").hidden = false;
  };
  const loaded = (...those) => {
    for (const frame of those) waiting.delete(frame);
    paint();
    if (waiting.size) return;
    finish();
    document.getElementById("unsure").hidden = true; // also when the last one was late
  };
  for (const frame of frames) frame.addEventListener("load", () => loaded(frame));
  addEventListener("load", () => loaded(...frames));
  setTimeout(finish, 3000);
  loaded(...frames.filter((frame) => performance.getEntriesByName(frame.src).length)); // before this script ran
}

// Asking for another mail: the button counts down, then works. Without script it
// works at once, and the page says how long to wait.
for (const button of all("[data-wait]")) {
  const words = button.textContent;
  const end = Date.now() + button.dataset.wait * 1000;
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    if (left > 0) {
      button.textContent = `${words} (${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")})`;
      setTimeout(tick, 1000);
      return;
    }
    button.textContent = words;
    button.removeAttribute("aria-disabled");
  };
  button.setAttribute("aria-disabled", "true");
  button.addEventListener("click", (event) => {
    if (button.hasAttribute("aria-disabled")) event.preventDefault();
  });
  tick();
}

// The language menu closes on Escape and on a click elsewhere.
for (const menu of all("[data-menu]")) {
  addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
