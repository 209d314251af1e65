import { isLoopback } from "../config/loopback.ts";
import { mainAddress, type Settings } from "../config/schema.ts";
import { log } from "../ops/log.ts";

/** Says who gets in that hardly should, or that nobody does. */
export function warnAboutAccess(settings: Settings): void {
  if (settings.unknownCustomers !== "forbidden") {
    log.warning(
      "UNKNOWN CUSTOMERS ARE LET IN: tokens of keys that are not in the list are accepted WITHOUT A CHECK of their " +
        "signature (unknownCustomers). Anybody can join any demo room.",
    );
  } else if (settings.customerApi === undefined && (settings.customers ?? []).length === 0) {
    log.warning("there are no customers: configure customers or customerApi, else nobody can connect");
  }
  if (settings.internal.users.length === 0) {
    if (settings.internal.withoutUsers === "anyone") {
      log.warning(
        "/internal IS OPEN TO ANYBODY (internal.withoutUsers): whoever reaches it gets servers' private keys",
      );
    } else if (settings.internal.withoutUsers === "loopback") {
      log.warning(
        "/internal IS OPEN TO EVERY PROGRAM ON THIS MACHINE (internal.withoutUsers), and to whoever such a program, a " +
          "proxy perhaps, passes on without a sign of it: they get servers' private keys",
      );
    } else if (isLoopback(mainAddress(settings).hostname)) {
      log.info("internal.users is empty: /internal is open to callers on this machine only");
    }
  }
}
