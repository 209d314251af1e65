#!/usr/bin/env node
// Runs the gateway with the Deno that this package depends on, for machines that have Node only. What it may do is what
// the tasks of deno.json allow; it writes to the data folder alone.
"use strict";

const { spawn } = require("node:child_process");
const { join } = require("node:path");
const commands = require("./commands.json");

const [first, ...rest] = process.argv.slice(2);
const name = Object.hasOwn(commands, first) ? first : "start";
const args = first === name || first === "run" ? rest : process.argv.slice(2);

/** What `--data` and `--record` name is written to. */
function writable() {
  let data = "data";
  const more = [];
  args.forEach((argument, i) => {
    const [, option, value = args[i + 1] ?? ""] = /^--(data|record)(?:=(.*))?$/.exec(argument) ?? [];
    if (option === "data" && value !== ":memory:") data = value;
    if (option === "record") more.push(value);
  });
  if (process.env.NOTIFY_SOCKET) more.push(process.env.NOTIFY_SOCKET);
  return [data, ...more].join(",");
}

const options = commands[name].map((option) =>
  option === "--allow-write=data" ? `--allow-write=${writable()}` : option
);
const deno = require("deno/install_api.cjs").runInstall();
const child = spawn(deno, [
  "run",
  "--node-modules-dir=none", // else it takes the sources here for a package's, which it does not translate
  ...options,
  "--config",
  join(__dirname, "deno.json"),
  join(__dirname, "main.ts"),
  name,
  ...args,
], { stdio: "inherit" });

// The gateway knows what they mean. A terminal sends SIGINT to both; a second one means nothing new to it.
for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  console.error(`error: ${deno} cannot be run: ${error.message}`);
  process.exitCode = 2;
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exitCode = code ?? 1;
  else {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
});
