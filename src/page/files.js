// The files that the program sees: those that were dropped, which are read and never written, and those that it makes, in memory.
"use strict";

// Bytes that are read of a file at a time, and blocks that are kept of all files together.
const BLOCK = 16384;
const KEPT = 4096;

// Blocks that were read last. Of a disk image, only those that were asked for are ever read.
class Blocks {
  constructor() {
    this.kept = new Map();
    this.reader = new FileReaderSync();
    this.read = 0;
  }
  slice(blob, start, end) {
    const bytes = new Uint8Array(this.reader.readAsArrayBuffer(blob.slice(start, end)));
    this.read += bytes.length;
    this.told?.(this.read);
    return bytes;
  }
  block(file, number) {
    const key = file.id + ":" + number;
    let bytes = this.kept.get(key);
    if (bytes) this.kept.delete(key);
    else bytes = this.slice(file.blob, number * BLOCK, Math.min((number + 1) * BLOCK, file.blob.size));
    this.kept.set(key, bytes);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return bytes;
  }
  // Copies what the file has from `offset` into `to`; how many bytes that are.
  copy(file, offset, to) {
    const end = Math.min(offset + to.length, file.blob.size);
    let at = offset;
    while (at < end) {
      const number = Math.floor(at / BLOCK), within = at - number * BLOCK;
      // Whole blocks that follow one another are one read.
      const whole = within ? 0 : Math.floor((end - at) / BLOCK) * BLOCK;
      const bytes = whole > BLOCK ? this.slice(file.blob, at, at + whole) : this.block(file, number).subarray(within);
      const piece = bytes.subarray(0, end - at);
      if (!piece.length) throw new Error("the file became shorter while it was read");
      to.set(piece, at - offset);
      at += piece.length;
    }
    return Math.max(at - offset, 0);
  }
}

let ids = 1;

class Dropped {
  constructor(blob, blocks) {
    this.id = ids++;
    this.blob = blob;
    this.blocks = blocks;
    this.modified = blob.lastModified || 0;
  }
  get size() { return this.blob.size }
  copy(offset, to) { return this.blocks.copy(this, offset, to) }
}

class Made {
  constructor() {
    this.id = ids++;
    this.bytes = new Uint8Array(1024);
    this.size = 0;
    this.modified = Date.now();
    this.writable = true;
  }
  copy(offset, to) {
    const piece = this.bytes.subarray(offset, Math.min(offset + to.length, this.size));
    to.set(piece);
    return piece.length;
  }
  write(offset, from) {
    const end = offset + from.length;
    if (end > this.bytes.length) {
      const more = new Uint8Array(Math.max(end, this.bytes.length * 2));
      more.set(this.bytes.subarray(0, this.size));
      this.bytes = more;
    }
    this.bytes.set(from, offset);
    this.size = Math.max(this.size, end);
  }
  whole() { return this.bytes.slice(0, this.size) }
}

class Folder {
  constructor() {
    this.id = ids++;
    this.names = new Map();
    this.modified = 0;
    this.size = 0;
  }
  // What lies under a path, if it is there.
  find(path) {
    let here = this;
    for (const name of steps(path)) here = here instanceof Folder ? here.names.get(name) : undefined;
    return here;
  }
  // The folder that a path lies in, and its last name.
  place(path) {
    const names = steps(path), name = names.pop();
    const folder = this.find(names.join("/"));
    return folder instanceof Folder && name !== undefined ? { folder, name } : undefined;
  }
  // Puts a file where a path says, with the folders above it.
  put(path, file) {
    const names = steps(path), name = names.pop();
    let here = this;
    for (const step of names) {
      let next = here.names.get(step);
      if (!(next instanceof Folder)) here.names.set(step, (next = new Folder()));
      here = next;
    }
    here.names.set(name, file);
  }
  // The files below it, with their paths.
  *files(above = "") {
    for (const [name, file] of this.names)
      if (file instanceof Folder) yield* file.files(above + name + "/");
      else yield [above + name, file];
  }
}

function steps(path) {
  const names = [];
  for (const name of path.split("/"))
    if (name === "..") names.pop();
    else if (name && name !== ".") names.push(name);
  return names;
}
