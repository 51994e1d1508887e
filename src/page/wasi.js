// What the program asks of a system (WASI, snapshot preview 1): arguments, a clock, chance, and the files of one folder.
// https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
"use strict";

const OK = 0, BADF = 8, EXIST = 20, INVAL = 28, ISDIR = 31, NOENT = 44, NOSYS = 52, NOTDIR = 54, NOTEMPTY = 55, PERM = 63;
const DEVICE = 2, DIRECTORY = 3, REGULAR = 4;
const CREATE = 1, MUST_BE_FOLDER = 2, EXCLUSIVE = 4, TRUNCATE = 8, APPEND = 1;
const ROOT = 3;

class Exit {
  constructor(status) { this.status = status }
}

// Runs the program once with these arguments, and gives its status and what it wrote.
function runProgram(module, root, args) {
  const out = new Made(), err = new Made(), texts = new TextDecoder(), utf8 = new TextEncoder();
  const open = new Map([[0, { file: new Made() }], [1, { file: out, at: 0 }], [2, { file: err, at: 0 }], [ROOT, { file: root }]]);
  let next = ROOT + 1, memory;
  const view = () => new DataView(memory.buffer);
  const bytes = (at, length) => new Uint8Array(memory.buffer, at, length);
  const text = (at, length) => texts.decode(bytes(at, length));
  const words = args.map(word => utf8.encode(word + "\0"));

  // Calls `act` with each piece of memory of a list; the sum of what it did.
  const pieces = (list, count, act) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const from = view().getUint32(list + 8 * i, true), length = view().getUint32(list + 8 * i + 4, true);
      const done = act(bytes(from, length));
      sum += done;
      if (done < length) break;
    }
    return sum;
  };
  const told = (file, at) => {
    const to = view(), time = BigInt(Math.trunc(file.modified)) * 1000000n;
    bytes(at, 64).fill(0);
    to.setBigUint64(at + 8, BigInt(file.id), true);
    to.setUint8(at + 16, file instanceof Folder ? DIRECTORY : REGULAR);
    to.setBigUint64(at + 24, 1n, true);
    to.setBigUint64(at + 32, BigInt(file.size), true);
    for (const place of [40, 48, 56]) to.setBigUint64(at + place, time, true);
    return OK;
  };
  // Looks a path up from an open folder.
  const found = (fd, at, length, act) => {
    const from = open.get(fd)?.file;
    if (!(from instanceof Folder)) return from ? NOTDIR : BADF;
    const path = text(at, length), file = from.find(path);
    return act(file, from, path);
  };
  const write = (entry, list, count, offset) => {
    if (!entry?.file.writable) return [entry ? PERM : BADF, 0];
    return [OK, pieces(list, count, from => (entry.file.write(offset(), from), from.length))];
  };

  const calls = {
    args_sizes_get(count, size) {
      view().setUint32(count, words.length, true);
      view().setUint32(size, words.reduce((sum, word) => sum + word.length, 0), true);
      return OK;
    },
    args_get(list, at) {
      for (const word of words) {
        view().setUint32(list, at, true);
        bytes(at, word.length).set(word);
        list += 4;
        at += word.length;
      }
      return OK;
    },
    environ_sizes_get(count, size) {
      view().setUint32(count, 0, true);
      view().setUint32(size, 0, true);
      return OK;
    },
    environ_get: () => OK,
    clock_time_get(clock, _, at) {
      const now = clock ? performance.now() : Date.now();
      view().setBigUint64(at, BigInt(Math.trunc(now * 1000)) * 1000n, true);
      return OK;
    },
    random_get(at, length) {
      for (let done = 0; done < length; done += 65536) crypto.getRandomValues(bytes(at + done, Math.min(65536, length - done)));
      return OK;
    },
    sched_yield: () => OK,
    proc_exit(status) { throw new Exit(status) },

    fd_prestat_get(fd, at) {
      if (fd !== ROOT) return BADF;
      view().setUint32(at, 0, true);
      view().setUint32(at + 4, 1, true);
      return OK;
    },
    fd_prestat_dir_name(fd, at) {
      bytes(at, 1)[0] = 47; // "/"
      return OK;
    },
    fd_fdstat_get(fd, at) {
      const entry = open.get(fd);
      if (!entry) return BADF;
      bytes(at, 24).fill(0);
      view().setUint8(at, fd < ROOT ? DEVICE : entry.file instanceof Folder ? DIRECTORY : REGULAR);
      view().setBigUint64(at + 8, -1n & 0xffffffffn, true);
      view().setBigUint64(at + 16, -1n & 0xffffffffn, true);
      return OK;
    },
    fd_fdstat_set_flags: () => OK,
    fd_filestat_get: (fd, at) => (open.has(fd) ? told(open.get(fd).file, at) : BADF),
    fd_filestat_set_size(fd, size) {
      const file = open.get(fd)?.file;
      if (!file?.writable) return BADF;
      file.size = Math.min(file.size, Number(size));
      return OK;
    },
    fd_close: fd => (open.delete(fd) ? OK : BADF),
    fd_sync: () => OK,
    fd_read(fd, list, count, at) {
      const entry = open.get(fd);
      if (!entry) return BADF;
      if (entry.file instanceof Folder) return ISDIR;
      const read = pieces(list, count, to => {
        const done = entry.file.copy(entry.at || 0, to);
        entry.at = (entry.at || 0) + done;
        return done;
      });
      view().setUint32(at, read, true);
      return OK;
    },
    fd_seek(fd, offset, whence, at) {
      const entry = open.get(fd);
      if (!entry || fd < ROOT) return BADF;
      const from = [0, entry.at, entry.file.size][whence] + Number(offset);
      if (!(from >= 0)) return INVAL;
      entry.at = from;
      view().setBigUint64(at, BigInt(from), true);
      return OK;
    },
    fd_write(fd, list, count, at) {
      const entry = open.get(fd);
      const [error, written] = write(entry, list, count, () => entry.file.size);
      view().setUint32(at, written, true);
      return error;
    },
    fd_readdir(fd, at, room, cookie, used) {
      const folder = open.get(fd)?.file;
      if (!(folder instanceof Folder)) return folder ? NOTDIR : BADF;
      let done = 0, number = Number(cookie);
      const names = [...folder.names].slice(number);
      for (const [name, file] of names) {
        const called = utf8.encode(name), entry = new Uint8Array(24 + called.length), to = new DataView(entry.buffer);
        to.setBigUint64(0, BigInt(++number), true);
        to.setBigUint64(8, BigInt(file.id), true);
        to.setUint32(16, called.length, true);
        to.setUint8(20, file instanceof Folder ? DIRECTORY : REGULAR);
        entry.set(called, 24);
        // What does not fit is cut off, and asked for again.
        const piece = entry.subarray(0, room - done);
        bytes(at + done, piece.length).set(piece);
        done += piece.length;
        if (done === room) break;
      }
      view().setUint32(used, done, true);
      return OK;
    },

    path_filestat_get: (fd, _, path, length, at) => found(fd, path, length, file => (file ? told(file, at) : NOENT)),
    path_readlink: (fd, path, length) => found(fd, path, length, file => (file ? INVAL : NOENT)), // there are no links
    path_open(fd, _, path, length, how, rights, inherited, flags, at) {
      return found(fd, path, length, (file, from, name) => {
        if (file && how & CREATE && how & EXCLUSIVE) return EXIST;
        if (!file && how & CREATE) {
          const place = from.place(name);
          if (!place) return NOENT;
          place.folder.names.set(place.name, (file = new Made()));
        }
        if (!file) return NOENT;
        if (how & MUST_BE_FOLDER && !(file instanceof Folder)) return NOTDIR;
        if (how & TRUNCATE) {
          if (!file.writable) return PERM;
          file.size = 0;
        }
        open.set(next, { file, at: 0 });
        view().setUint32(at, next++, true);
        return OK;
      });
    },
    path_create_directory: (fd, path, length) =>
      found(fd, path, length, (file, from, name) => {
        if (file) return EXIST;
        const place = from.place(name);
        if (!place) return NOENT;
        place.folder.names.set(place.name, new Folder());
        return OK;
      }),
    path_rename: (fd, path, length, toFd, toPath, toLength) =>
      found(fd, path, length, (file, from, name) =>
        found(toFd, toPath, toLength, (old, to, newName) => {
          const place = from.place(name), newPlace = to.place(newName);
          if (!file || !place || !newPlace) return NOENT;
          if (!file.writable || (old && !old.writable)) return PERM;
          place.folder.names.delete(place.name);
          newPlace.folder.names.set(newPlace.name, file);
          return OK;
        })),
    path_unlink_file: (fd, path, length) =>
      found(fd, path, length, (file, from, name) => {
        if (!file) return NOENT;
        if (!file.writable) return PERM;
        const place = from.place(name);
        place.folder.names.delete(place.name);
        return OK;
      }),
    path_remove_directory: (fd, path, length) =>
      found(fd, path, length, (file, from, name) => {
        if (!(file instanceof Folder)) return file ? NOTDIR : NOENT;
        if (file.names.size) return NOTEMPTY;
        const place = from.place(name);
        place?.folder.names.delete(place.name);
        return OK;
      }),
  };
  // Whatever else it could ask for is not there.
  const asked = WebAssembly.Module.imports(module).map(({ name }) => [name, calls[name] ?? (() => NOSYS)]);
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: Object.fromEntries(asked) });
  memory = exports.memory;
  let status = 0;
  try {
    exports._start();
  } catch (end) {
    if (!(end instanceof Exit)) throw new Error(`${end.message}\n${texts.decode(err.whole())}`);
    status = end.status;
  }
  return { status, out: out.whole(), err: texts.decode(err.whole()) };
}
