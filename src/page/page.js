"use strict";
const by = id => document.getElementById(id);
const state = by("state"), problem = by("problem"), result = by("result"), frame = by("report"), saves = by("save");

// The worker that judges. One that was stopped is gone, and the next one takes its place.
let worker, waiting, number = 0, shown;
function start() {
  const code = new Blob([by("worker").textContent], { type: "text/javascript" });
  const from = URL.createObjectURL(code);
  worker = new Worker(from);
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(from);
    if (data.ready) document.body.dataset.ready = "";
    else if (data.read !== undefined && data.number === undefined) state.textContent = waiting ? `Reading … ${bytes(data.read)}` : "";
    else if (data.number === undefined) wrong(data.failed);
    else if (data.number === number) finish(data);
  };
  worker.onerror = event => finish({ failed: event.message });
  worker.postMessage(by("program").textContent);
}

function bytes(count) {
  const units = ["bytes", "KB", "MB", "GB"];
  const unit = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), 3);
  return `${(count / 1000 ** unit).toLocaleString("en", { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`;
}

// Asks the worker; what it answers is handed on, unless something else was asked for since.
function ask(question, told) {
  waiting = told;
  problem.hidden = true;
  by("working").hidden = false;
  state.textContent = "Reading …";
  worker.postMessage({ ...question, number: ++number });
}
function finish(answer) {
  const told = waiting;
  waiting = undefined;
  by("working").hidden = true;
  state.textContent = "";
  if (answer.failed !== undefined) wrong(answer.failed);
  else told?.(answer);
}
function wrong(why) {
  problem.querySelector("pre").textContent = why.replaceAll(/^tlshive: /gm, "").trim() || "It ended without a word.";
  problem.hidden = false;
  if (result.hidden) begin();
}

by("stop").onclick = () => {
  worker.terminate();
  number++;
  waiting = undefined;
  by("working").hidden = true;
  state.textContent = "Stopped.";
  start();
  begin();
};

// What was dropped, and what it would be with an overlay.
let dropped, question;
function judge(files, overlay, from = performance.now()) {
  if (!files.length) return wrong("There is no file in it.");
  question = overlay;
  dropped = files;
  result.hidden = true; // nobody is to take the last verdict for this one
  ask({ files, overlay }, answer => show(answer, from));
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
function words({ hosts, compliant, not_compliant, unknown }) {
  const parts = [[compliant, "compliant"], [not_compliant, "not compliant"], [unknown, "unknown"]].filter(([count]) => count);
  if (!hosts) return "No machine was found";
  if (parts.length === 1) return `${plural(hosts, "machine")}: ${hosts > 2 ? "all " : hosts === 2 ? "both " : ""}${parts[0][1]}`;
  return `${plural(hosts, "machine")}: ${parts.map(([count, word]) => `${count} ${word}`).join(", ")}`;
}

function show(answer, from) {
  shown = answer;
  document.body.classList.add("judged");
  by("start").hidden = true;
  result.hidden = false;
  const verdict = by("verdict");
  verdict.textContent = words(answer.summary) + (question ? `, if ${question.name} were imported` : "");
  by("as-it-is").hidden = !question;
  by("what-if").hidden = saves.hidden = !answer.summary.hosts;
  saves.open = false;
  by("remarks").hidden = !answer.said;
  by("remarks").querySelector("pre").textContent = answer.said;
  const took = performance.now() - from;
  state.textContent = `${bytes(answer.read)} read, judged in ${took.toFixed(0)} ms. Nothing left this machine.`;
  frame.onload = () => Object.assign(result.dataset, { took, read: answer.read });
  // A link within it would be taken for one of this page. Quotation marks of texts are escaped there, so that this finds links alone.
  frame.srcdoc = answer.html.replaceAll(' href="#', ' href="about:srcdoc#');
  verdict.focus();
}

function begin() {
  document.body.classList.remove("judged");
  by("start").hidden = false;
  by("choose").focus();
}
by("again").onclick = () => {
  result.hidden = true;
  frame.onload = null;
  frame.srcdoc = "";
  state.textContent = "";
  begin();
};

// Ways in.
const chosen = input => [...input.files].map(file => ({ path: file.webkitRelativePath || file.name, file }));
for (const [button, input] of [["choose", "files"], ["choose-folder", "folder"]]) {
  by(button).onclick = () => by(input).click();
  by(input).onchange = () => {
    const files = chosen(by(input));
    by(input).value = "";
    judge(files);
  };
}
by("what-if").onclick = () => by("overlay").click();
by("overlay").onchange = () => {
  const [overlay] = by("overlay").files;
  by("overlay").value = "";
  if (overlay) judge(dropped, overlay);
};
by("as-it-is").onclick = () => judge(dropped);

// What lies in a dropped folder is asked for in two ways: Chromium gives no files by the older one where the page is a file itself.
async function belowHandle(handle, above, files) {
  const path = above + handle.name;
  if (handle.kind === "file") return files.push({ path, file: await handle.getFile() });
  for await (const next of handle.values()) await belowHandle(next, path + "/", files);
}
const called = (entry, name) => new Promise((resolve, reject) => entry[name](resolve, reject));
async function belowEntry(entry, above, files) {
  const path = above + entry.name;
  if (entry.isFile) return files.push({ path, file: await called(entry, "file") });
  const reader = entry.createReader();
  // It gives a hundred names at a time.
  for (let some; (some = await called(reader, "readEntries")).length; )
    for (const next of some) await belowEntry(next, path + "/", files);
}
// Everything has to be asked for before the first answer, since then the list of what was dropped is gone.
function taken(item) {
  if (item.getAsFileSystemHandle) return [item.getAsFileSystemHandle(), belowHandle];
  return [item.webkitGetAsEntry(), belowEntry];
}
let depth = 0;
const over = on => document.body.classList.toggle("over", on);
addEventListener("dragenter", event => (event.preventDefault(), over(++depth > 0)));
addEventListener("dragleave", () => over(--depth > 0));
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", async event => {
  const from = performance.now();
  event.preventDefault();
  over((depth = 0) > 0);
  const items = [...event.dataTransfer.items].filter(item => item.kind === "file").map(taken);
  const files = [];
  try {
    for (const [entry, below] of items) await below(await entry, "", files);
  } catch (error) {
    return wrong(`A folder could not be read to its end: ${error.message}`);
  }
  judge(files, undefined, from);
});

// Ways out.
function save(name, parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
saves.onclick = ({ target }) => {
  const { plan, format, run } = target.dataset;
  if (run) save(`tlshive.${run}`, [run === "html" ? shown.html : shown.records]);
  if (plan) ask({ plan, format }, ({ files, said }) => {
    const alone = files.filter(({ name }) => name !== "index.csv");
    if (alone.length === 1) save(alone[0].name, [alone[0].bytes]);
    else if (alone.length) save(`tlshive-${plan}-${format}.zip`, zip(files));
    state.textContent = alone.length ? "Saved." : "There is nothing to write for these machines.";
    by("remarks").hidden = !said;
    by("remarks").querySelector("pre").textContent = said;
  });
  if (run || plan) saves.open = false;
};
saves.onkeydown = ({ key }) => {
  if (key !== "Escape") return;
  saves.open = false;
  saves.querySelector("summary").focus();
};

// A zip file that packs nothing.
function zip(files) {
  const utf8 = new TextEncoder(), parts = [], index = [];
  let at = 0;
  for (const { name, bytes } of files) {
    const called = utf8.encode(name), same = new DataView(new ArrayBuffer(26));
    // Version 2.0, names in UTF-8, stored, 1 January 1980.
    [20, 0x800, 0, 0, 33].forEach((word, i) => same.setUint16(2 * i, word, true));
    [crc(bytes), bytes.length, bytes.length].forEach((word, i) => same.setUint32(10 + 4 * i, word, true));
    same.setUint16(22, called.length, true);
    const entry = new DataView(new ArrayBuffer(20));
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(4, 20, true);
    const place = new DataView(new ArrayBuffer(14));
    place.setUint32(10, at, true);
    index.push(entry.buffer.slice(0, 6), same.buffer, place.buffer, called);
    parts.push(Uint8Array.of(0x50, 0x4b, 3, 4), same.buffer, called, bytes);
    at += 30 + called.length + bytes.length;
  }
  const size = index.reduce((sum, part) => sum + part.byteLength, 0), end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  for (const place of [8, 10]) end.setUint16(place, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, at, true);
  return [...parts, ...index, end.buffer];
}
function crc(bytes) {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
  }
  return ~sum >>> 0;
}

start();
