import type { Mutant } from "./mutant.ts";

/** Faults in the store: claims, snapshots, fsync, locks of others, vanished files, broken rows, the text of names. */
export const store: readonly Mutant[] = [
  {
    file: "src/store/sqlite/write.ts",
    find: "holder === undefined || holder === change.from || holder === change.server",
    put: "true",
    breaks: "the last to claim a group wins",
  },
  {
    file: "src/store/sqlite/write.ts",
    find: " || holder === change.from",
    put: "",
    breaks: "a group cannot be moved",
  },
  {
    file: "src/store/sqlite/write.ts",
    find: "    ban.clear.run(this.unixTime);\n",
    put: "",
    breaks: "bans that were lifted while the store was away come back",
  },
  {
    file: "src/store/sqlite/server_fields.ts",
    find: "export const ALL = Object.keys(SERVER_FIELDS) as readonly ServerField[];",
    put:
      'export const ALL = (Object.keys(SERVER_FIELDS) as readonly ServerField[]).filter((name) => name !== "weight");',
    breaks: "a snapshot loses what operators want of their servers",
  },
  {
    file: "src/store/sqlite/write.ts",
    find: "    for (const { server, task } of snapshot.tasks) this.#task(server, task);\n",
    put: "",
    breaks: "a snapshot loses the tasks",
  },
  {
    file: "src/store/sqlite/write.ts",
    find: "this.#offset = unixTime - now;",
    put: "this.#offset = unixTime;",
    breaks: "times are stored on no clock at all",
  },
  {
    file: "src/store/sqlite/statements.ts",
    find: "DELETE FROM ban WHERE until > ?",
    put: "DELETE FROM ban WHERE until > 0 * ?",
    breaks: "a snapshot deletes the bans that a wrong wall clock takes for ended",
  },
  {
    file: "src/store/sqlite/server_fields.ts",
    find: 'export const REPORTED = ["enabled", "pool",',
    put: 'export const REPORTED = ["pool",',
    breaks: "a server that came back is silent after a restart",
  },
  {
    file: "src/store/sqlite/store.ts",
    find:
      "    const waiting = this.#waiting;\n    this.#waiting = [];\n    try {\n      if (this.#vanished) this.#reopen();",
    put: "    const waiting: Waiting[] = [];\n    try {\n      if (this.#vanished) this.#reopen();",
    breaks: "changes that waited when a snapshot came are written over it",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "      this.#transaction((rows) => rows.replace(snapshot));\n      this.#sync();\n",
    put: "      this.#transaction((rows) => rows.replace(snapshot));\n",
    breaks: "a snapshot is lost with the power",
  },
  {
    file: "src/store/sqlite/store.ts",
    find:
      'if (commit.safety === "power") this.#unsynced.push(commit);\n      else commit.resolve(commit.committed);',
    put: "commit.resolve(commit.committed);",
    breaks: "calls are answered before their fsync",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "[...this.#beingSynced, ...this.#unsynced, ...this.#waiting]",
    put: "[...this.#unsynced, ...this.#waiting]",
    breaks: "a commit whose fsync runs when the store fails is never refused",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "    this.#waiting = [];\n    if (failed",
    put: "    if (failed",
    breaks: "a change that cannot be written refuses all later calls",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "      : this.#waiting;",
    put: "      : [];",
    breaks: "a commit that waits for its turn when the store fails is never answered",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "    while (this.#unsynced.length > 0) {",
    put: "    for (let once = true; once; once = false) {",
    breaks: "commits that come during an fsync wait for ever",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: '        this.#fail(new StoreError(messageOf(error), { cause: error }), "all");\n        break;',
    put: "        break;",
    breaks: "an fsync that fails goes unnoticed",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: '    if (failed === "all") this.#unsynced = ',
    put: "    this.#unsynced = ",
    breaks: "a commit that is stored is never answered because another one fails",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: 'if (!this.#waitForOthers(error)) this.#fail(error, this.#vanished ? "all" : "waiting");',
    put: 'this.#fail(error, this.#vanished ? "all" : "waiting");',
    breaks: "a backup that locks the database refuses calls",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "    if (now - this.#busySince > BUSY.forAtMost) return false;\n",
    put: "",
    breaks: "a lock that is never given back makes calls wait for ever",
  },
  {
    file: "src/store/sqlite/database.ts",
    find: '    if (database.isTransaction) database.exec("ROLLBACK");\n',
    put: "",
    breaks: "a change that cannot be written ends all further writing",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: 'if (this.#vanished) throw new StoreError("its files were removed, replaced or cut");',
    put: "",
    breaks: "commits to files that have vanished are answered",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "      for (const { name, value } of values) this.#setValue(String(name), String(value));\n",
    put: "",
    breaks: "the list of customers is lost with the files",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "      this.#lock?.renew();\n",
    put: "",
    breaks: "with the files the lock on the folder is lost",
  },
  {
    file: "src/store/sqlite/store.ts",
    find: "this.#opened.statements.ban.forget.run(start)",
    put: "void start",
    breaks: "bans that ended before the start stay in the store for ever",
  },
  {
    file: "src/store/sqlite/file_watch.ts",
    find: "identity !== this.#identity || ",
    put: "",
    breaks: "a file that was replaced goes unnoticed",
  },
  {
    file: "src/store/sqlite/file_watch.ts",
    find: " || (file?.size ?? 0) < this.#size",
    put: "",
    breaks: "a file that was cut goes unnoticed",
  },
  {
    file: "src/store/sqlite/file_watch.ts",
    find: "    this.#size = file?.size ?? 0;\n",
    put: "    this.#size ||= file?.size ?? 0;\n",
    breaks: "a file that has grown since the start may be cut",
  },
  {
    file: "src/store/sqlite/lock.ts",
    find: "    this.#watch = new FileWatch(fileIn(this.#folder));\n  }\n\n  release",
    put: "  }\n\n  release",
    breaks: "a lock that was taken again counts as lost for ever",
  },
  {
    file: "src/store/sqlite/rows.ts",
    find: "        damaged(`",
    put: "        void (`",
    breaks: "a row that cannot be read is left out silently",
  },
  {
    file: "src/store/sqlite/quick_check.ts",
    find: "      const database = new DatabaseSync(path);\n",
    put: '      const database = new DatabaseSync(":memory:");\n',
    breaks: "a large database that is damaged is used all the same",
  },
  {
    file: "src/store/sqlite/rows.ts",
    find: 'typeof part === "string" ? toColumn(part) : part',
    put: "part",
    breaks: "at a take-over, rooms whose names have a backslash are as they were",
  },
  {
    file: "src/store/sqlite/pages.ts",
    find: 'ORDER BY ${order.join(", ")} ',
    put: "",
    breaks: "after a restart, the wrong kinds are forgotten first",
  },
  {
    file: "src/store/sqlite/pages.ts",
    find: "LIMIT ${ROWS}",
    put: "LIMIT 1000000000",
    breaks: "a table is read at once, however many rows it has",
  },
  {
    file: "src/store/sqlite/server_fields.ts",
    find: "      if (!Array.isArray(list)) throw new Error(`${column} must be an array`);\n",
    put: "",
    breaks: "a server with broken sums keeps the gateway from starting",
  },
  {
    file: "src/store/sqlite/rows.ts",
    find:
      '  if (!Array.isArray(room) || !room.every((part) => typeof part === "string")) {\n    throw new Error("it has no room");\n  }\n',
    put: "",
    breaks: "a task without a room keeps the gateway from starting",
  },
  {
    file: "src/store/sqlite/rows.ts",
    find:
      '  if (!Array.isArray(sizes?.bins) || !Array.isArray(sizes.fill)) throw new Error("it has no sizes");\n',
    put: "",
    breaks: "a kind without sizes keeps the gateway from starting",
  },
  {
    file: "src/store/sqlite/rows.ts",
    find: "customer === null ? room[0] : name(customer),",
    put: "name(customer),",
    breaks: "tasks of a gateway before shares are left out",
  },
  {
    file: "src/store/sqlite/rows.ts",
    find: 'user: user === "" ? undefined : name(user),',
    put: "user: name(user),",
    breaks: "after a restart, a banned room is open to everybody",
  },
  {
    file: "src/store/sqlite/server_fields.ts",
    find: "{ deadline: deadline === null ? undefined : fromUnixTime(number(deadline)) }",
    put: "{ deadline: undefined }",
    breaks: "a restart forgets the deadline for draining",
  },
  {
    file: "src/store/sqlite/text.ts",
    find: 'escaped === "0" ? "\\0" : escaped',
    put: '"\\0"',
    breaks: "a backslash in a name comes back as U+0000",
  },
  {
    file: "src/store/sqlite/text.ts",
    find: ' || text.includes("\\\\")',
    put: "",
    breaks: "a name with a backslash comes back as another",
  },
  {
    file: "src/store/sqlite/schema.ts",
    find:
      "UPDATE placement SET namespace = replace(namespace, '\\\\', '\\\\\\\\'), name = replace(name, '\\\\', '\\\\\\\\')",
    put: "UPDATE placement SET namespace = namespace",
    breaks: "names with a backslash do not survive the update",
  },
  {
    file: "src/store/sqlite/schema.ts",
    find: "ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;",
    put: "ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;",
    breaks: "after the update, rooms with peers count as waiting for their first client",
  },
];
