import fs from "node:fs";

/*
 * playwright-core looks for a file below /proc when it is loaded, to find out whether it runs on WSL. Deno lets only a
 * program with all permissions do that: here the answer is no, and the browser's tests keep to theirs.
 */
const { existsSync } = fs;
fs.existsSync = (path) => !String(path).startsWith("/proc/") && existsSync(path);
