import { generateAccessKey, TokenGenerator, type TokenOptions } from "@4players/odin-tokens";
import { Command } from "commander";
import { publicKey } from "../../sim/access_key.ts";
import { StartError } from "../start_error.ts";
import { parseCommand } from "../command_line/command.ts";

const EXAMPLES = `
Examples:
  deno task token key --customer acme
  deno task token create --key <access key> --room lobby --user alice
  deno task token create --key <access key> --room lobby --user backend --sub RoomClose --sub RoomBanClient`;

/**
 * Makes access keys and tokens.
 *
 * @throws {StartError} naming the option that is wrong
 */
export function token(args: readonly string[]): void {
  const command = new Command("deno task token")
    .description("Makes access keys, and tokens signed with them, to try a gateway out.")
    .addHelpText("after", EXAMPLES);
  command.command("key")
    .description("make an access key; print it, its key id, and the customer's entry for config.ts")
    .option("--customer <id>", "the customer's id", "my-customer")
    .option("--key <access key>", "describe this key instead of making one")
    .action((options) => console.log(describeKey(options.key ?? generateAccessKey(), options.customer)));
  command.command("create")
    .description("print a token")
    .requiredOption("--key <access key>", "the customer's access key")
    .requiredOption("--room <name>", "a room that it is for; may be given more than once", collect)
    .requiredOption("--user <id>", "the user that it is for")
    .option("--sub <method>", "a method that it may call; may be given more than once", collect)
    .option("--lifetime <seconds>", "how long it is valid", "300")
    .action((options) => console.log(createToken(options)));
  const print = parseCommand(command, args.length === 0 ? ["--help"] : args);
  if (print !== undefined) console.log(print);
}

/** An access key, its key id, and the entry for `customers` in config.ts. */
function describeKey(accessKey: string, customer: string): string {
  check(accessKey);
  const { kid, x } = publicKey(accessKey);
  const entry = {
    id: customer,
    maxPeers: 100,
    maxRooms: 10,
    accessKeys: [{ publicKey: { kid, kty: "OKP", crv: "Ed25519", x } }],
  };
  return `Access key (secret; for the customer's backend):
  ${accessKey}
Key id:
  ${kid}
Entry for "customers" in config.ts:
${JSON.stringify(entry, null, 2).replace(/^/gm, "  ")}`;
}

function createToken(
  options: { key: string; room: string[]; user: string; sub?: string[]; lifetime: string },
): string {
  const lifetime = Number(options.lifetime);
  if (!Number.isInteger(lifetime) || lifetime < 1) {
    throw new StartError("--lifetime: expected whole seconds, at least 1");
  }
  check(options.key);
  const [room] = options.room;
  const settings: TokenOptions = { lifetime, ...(options.sub === undefined ? {} : { subject: options.sub }) };
  return new TokenGenerator(options.key).createToken(
    options.room.length === 1 ? room! : options.room,
    options.user,
    settings,
  );
}

function check(accessKey: string): void {
  try {
    publicKey(accessKey);
  } catch {
    throw new StartError("--key: expected an access key, 44 characters of base64 as `token key` prints it");
  }
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
