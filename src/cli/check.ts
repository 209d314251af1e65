import { dirname, resolve } from "node:path";
import { messageOf } from "../error_message.ts";
import { loadConfig, refusePipe, unwritable } from "../config/load.ts";
import { keptMasterKey } from "../config/master_key.ts";
import { notPermitted } from "../config/permission.ts";
import { isLoopback } from "../config/loopback.ts";
import { inspectSharedStore } from "../app/shared_store.ts";
import { mainAddress, OPERATIONS_PORT, type Settings } from "../config/schema.ts";
import { Customers } from "../customers/customers.ts";
import { concernAbout, readCertificate } from "../edge/http/certificate_files.ts";
import { NOT_NOW, StartError } from "../start_error.ts";
import type { StartArguments } from "./arguments.ts";
import {
  concernAboutUnused,
  concernAboutWebhooks,
  concernsAboutData,
  isInUse,
  MEMORY,
} from "./data_folder.ts";
import { askToListen } from "./listen_permission.ts";
import { checkUserToMake, concernAboutMadeUser } from "./made_user.ts";
import { surviveStrays } from "./strays.ts";
import { whyNotWritable } from "./writable.ts";

/** What was found: an error keeps the gateway from starting, a warning does not. */
interface Findings {
  readonly errors: string[];
  /** What keeps it from starting now, and may pass by itself. */
  readonly passing: string[];
  readonly warnings: string[];
}

/**
 * Says whether the gateway would start, with everything that is wrong at once, and touches nothing: no file is made or
 * changed, and no port kept. Ends the process as a start would: with code 2 where it would not, and 75 where not now.
 */
export async function check(args: StartArguments): Promise<void> {
  surviveStrays(() => {}); // what looks into a matter says itself how that went
  const { errors, passing, warnings } = await look(args);
  for (const error of [...errors, ...passing]) console.log(`error: ${error}`);
  for (const warning of warnings) console.log(`warning: ${warning}`);
  if (errors.length > 0) {
    console.log("the gateway would not start");
    Deno.exit(2);
  }
  console.log(passing.length > 0 ? "the gateway would not start now" : "the gateway would start");
  if (passing.length > 0) Deno.exit(NOT_NOW);
}

async function look({ config, data, record, takeOver, overrides }: StartArguments): Promise<Findings> {
  const findings: Findings = { errors: [], passing: [], warnings: [] };
  const { errors, warnings } = findings;
  const attempt = async <Result>(look: () => Result | Promise<Result>): Promise<Result | undefined> => {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      errors.push(error.message);
      return undefined;
    }
  };
  const inUse = isInUse(data);
  errors.push(...concernsAboutData(data, takeOver));
  if (record !== undefined) await attempt(() => checkFile("--record", record, data));
  const loaded = await attempt(() => loadConfig(config, overrides));
  if (loaded !== undefined) {
    const { settings } = loaded;
    warnings.push(...loaded.warnings);
    if (settings.useSsl) {
      const certificate = await attempt(() => readCertificate(settings.https));
      const concern = certificate && concernAbout(certificate.validity, Date.now());
      if (concern !== undefined) warnings.push(`the certificate in ${settings.https.certFile} ${concern}`);
    }
    const { file } = settings.audit;
    if (file !== undefined) await attempt(() => checkFile("audit.file", file, data));
    await attempt(() => askToListen(settings));
    await attempt(() => checkUserToMake(settings, data));
    const aboutUser = concernAboutMadeUser(settings);
    if (aboutUser !== undefined) warnings.push(aboutUser);
    const webhooks = settings.webhooks.length > 0 ? concernAboutWebhooks(data) : undefined;
    if (webhooks !== undefined) errors.push(webhooks);
    const masterKey = settings.masterKey ??
      (data === MEMORY ? undefined : await attempt(() => keptMasterKey(data)));
    const { redis } = settings.store;
    const store = redis && await attempt(() => inspectSharedStore(redis, settings, masterKey));
    if (store?.concern !== undefined) {
      (store.passes === true ? findings.passing : errors).push(`the store: ${store.concern}`);
    }
    warnings.push(...(store?.warnings ?? []).map((warning) => `the store: ${warning}`));
    const unused = redis && concernAboutUnused(data);
    if (unused !== undefined) warnings.push(unused);
    if (store?.differs !== undefined) {
      // The one that runs on the folder has stopped when this one starts, unless that takes over.
      const isAlone = inUse && !takeOver && store.gateways === 1;
      (isAlone ? warnings : errors).push(`the store: ${store.differs}`);
    }
    if (!inUse) errors.push(...listenConcerns(settings));
    warnings.push(...await customerConcerns(settings));
  }
  if (inUse) {
    warnings.push(
      `a gateway runs on the data folder ${data}: this configuration would start once that has stopped, with --take-over in ` +
        "its place, or by a reload (SIGHUP) in that process",
    );
  }
  return findings;
}

/** Where it could not listen; by default operators are listened for on a free port if theirs is taken. */
function listenConcerns(settings: Settings): string[] {
  const { enabled, hostname, port } = settings.operations;
  const main = listenConcern(mainAddress(settings));
  const needed = enabled && (port !== undefined || !isLoopback(hostname));
  const address = { hostname, port: port ?? OPERATIONS_PORT };
  const forOperators = needed ? listenConcern(address) ?? whyNotPermitted(address) : undefined;
  return [main, forOperators && `operations: ${forOperators}`].filter((concern) => concern !== undefined);
}

/** Whether it could listen there, found by listening for a moment to nobody. */
function listenConcern({ hostname, port }: { hostname: string; port: number }): string | undefined {
  try {
    Deno.listen({ hostname, port }).close();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined; // told elsewhere, with the option that is missing
    const reason = error instanceof Deno.errors.AddrInUse ? "the port is in use" : messageOf(error);
    return `cannot listen on ${hostname} port ${port}: ${reason}`;
  }
}

/** As the start asks for what operators need (`operations/listener.ts`). */
function whyNotPermitted({ hostname, port }: { hostname: string; port: number }): string | undefined {
  const host = `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  if (Deno.permissions.querySync({ name: "net", host }).state === "granted") return undefined;
  return `cannot listen on ${hostname} port ${port}: ${notPermitted(`--allow-net=${host}`)}`;
}

/** Customers and keys that would be left out. A customer API is not called. */
async function customerConcerns(settings: Settings): Promise<string[]> {
  const concerns: string[] = [];
  if (settings.customerApi !== undefined) return concerns;
  const customers = new Customers(settings, {
    loaded: () => {},
    kept: (reason) => concerns.push(reason),
    broken: ({ entry, reason }) => concerns.push(`${entry} would be skipped: ${reason}`),
  });
  await customers.load();
  if (customers.ring.size === 0 && settings.unknownCustomers === "forbidden") {
    concerns.push("there are no customers with a usable key: nobody could connect");
  }
  return concerns;
}

/**
 * @param data the data folder, which the start makes before it opens the file
 * @throws {StartError} where what the option or member names could not be written
 */
function checkFile(option: string, file: string, data: string): void {
  const path = resolve(file);
  try {
    if (Deno.permissions.querySync({ name: "write", path }).state !== "granted") {
      throw new Error(notPermitted(`--allow-write=${file}`));
    }
    refusePipe(path);
    if (isThere(path)) Deno.openSync(path, { append: true }).close();
    else if (isThere(dirname(path)) || data === MEMORY || !isWithin(resolve(data), dirname(path))) {
      const reason = whyNotWritable(dirname(path));
      if (reason !== undefined) throw new Error(reason);
    }
  } catch (error) {
    throw unwritable(option, file, error);
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
