// The worker: judges what was dropped, and makes the files that set it right.
"use strict";

let program, root, inputs;
const blocks = new Blocks(), decoder = new TextDecoder();
let last = 0;
blocks.told = read => {
  if (performance.now() - last > 200) {
    last = performance.now();
    postMessage({ read });
  }
};

// Takes the program out of the page: it is packed there.
async function load(text) {
  const packed = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return WebAssembly.compile(await new Response(unpacked).arrayBuffer());
}

// Judges nothing once, ahead of the first question: a browser compiles what a program does when it first does it.
function warm() {
  judge({ files: [{ path: "nothing.reg", file: new Blob(["Windows Registry Editor Version 5.00\r\n"]) }] });
}

// Lays the files where they were, and gives what stands at the top.
function lay(files) {
  root = new Folder();
  const tops = new Set();
  let copies = 1;
  for (const { path, file } of files) {
    let place = steps(path).join("/");
    // Two files of one name came from two folders.
    while (root.find(place)) place = `${++copies}/${steps(path).join("/")}`;
    root.put(place, new Dropped(file, blocks));
    tops.add(steps(place)[0]);
  }
  inputs = [...tops];
}

// A place for what is not among the files that were dropped.
function apart(name) {
  let place = name;
  while (root.names.has(place)) place = "_" + place;
  return place;
}

function judge({ files, overlay }) {
  const start = performance.now();
  if (files) lay(files);
  blocks.read = 0;
  const options = [];
  if (overlay) {
    const folder = apart("what-if");
    root.put(`${folder}/${overlay.name}`, new Dropped(overlay, blocks));
    options.push("--overlay", `${folder}/${overlay.name}`);
  }
  const run = runProgram(program, root, ["tlshive", "audit", "--jobs=1", "--format=jsonl", ...options, "--", ...inputs]);
  for (const option of options.slice(1)) root.names.delete(steps(option)[0]);
  if (run.status === 2) return { failed: run.err };
  const saved = apart("run.jsonl"), file = new Made();
  file.write(0, run.out);
  root.put(saved, file);
  const page = runProgram(program, root, ["tlshive", "report", "--format=html", "--", saved]);
  root.names.delete(saved);
  const records = decoder.decode(run.out).trimEnd();
  const end = JSON.parse(records.slice(records.lastIndexOf("\n") + 1));
  if (page.status === 2 || end.record !== "end") return { failed: page.err };
  const said = run.err, took = performance.now() - start;
  return { html: decoder.decode(page.out), records, status: run.status, summary: end.summary, said, read: blocks.read, took };
}

function make({ plan, format }) {
  const folder = apart("made"), each = inputs.map(input => `--for=${input}`);
  const run = runProgram(program, root, ["tlshive", "generate", plan, `--format=${format}`, ...each, "-o", folder + "/"]);
  const made = root.find(folder);
  root.names.delete(folder);
  const files = made ? [...made.files()].map(([name, file]) => ({ name, bytes: file.whole() })) : [];
  return run.status === 2 || !files.length ? { failed: run.err } : { files, said: run.err };
}

const loaded = new Promise((resolve, reject) => {
  onmessage = ({ data }) => {
    onmessage = answer;
    load(data).then(module => resolve((program = module)), reject);
  };
});
loaded.then(() => (warm(), postMessage({ ready: true })), error => postMessage({ failed: String(error) }));

async function answer({ data }) {
  await loaded;
  let made;
  try {
    made = data.plan ? make(data) : judge(data);
  } catch (error) {
    made = { failed: error.message };
  }
  postMessage({ ...made, number: data.number });
}
