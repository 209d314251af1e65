import { Argument, Command, InvalidArgumentError } from "commander";
import { parseCommand } from "../command_line/command.ts";
import { banCommands } from "./commands/bans.ts";
import { customerCommands } from "./commands/customers.ts";
import { gatewayCommands } from "./commands/gateway.ts";
import { roomCommands } from "./commands/rooms.ts";
import { forecastCommand } from "./commands/forecast.ts";
import { serverCommands } from "./commands/servers.ts";
import { taskCommands } from "./commands/tasks.ts";
import { topCommand } from "./commands/top.ts";
import { webhookCommands } from "./commands/webhooks.ts";
import { completionScript, type Shell, SHELLS } from "./completion.ts";
import { confirmAtTerminal } from "./confirm.ts";
import { Connection } from "./connection.ts";
import type { Choose, Run } from "./context.ts";
import { EXIT, Failure } from "./failure.ts";
import { ReaderGone, standardTerminal, type Terminal } from "./terminal.ts";
import { shown } from "./width.ts";

/** Environment variables: a password on a command line can be seen by everybody on the machine. */
const ENVIRONMENT = { url: "ODIN_GATEWAY_URL", user: "ODIN_GATEWAY_USER" } as const;

const NOTES = `
Environment:
  ${ENVIRONMENT.url}   where the gateway listens for operators, like --url
  ${ENVIRONMENT.user}  name:password, like --user

Ends with 0 when it is done, 1 when the gateway refuses or the output cannot
be written, 2 when the command line is wrong, 3 when no gateway answers.`;

interface GlobalOptions {
  readonly url?: string;
  readonly user?: string;
  readonly ca?: string;
  readonly json?: true;
  readonly yes?: true;
}

/**
 * The command line for operators: a client of a gateway that runs.
 *
 * @returns what the program ends with
 * @throws {StartError} where an option is wrong
 */
export async function admin(args: readonly string[]): Promise<number> {
  const terminal = standardTerminal();
  let chosen: Run | undefined;
  const program = createProgram((run) => chosen = run, terminal);
  const print = parseCommand(program, args.length === 0 ? ["--help"] : args);
  try {
    if (print !== undefined) terminal.print(print);
    return await chosen?.(contextOf(program.opts<GlobalOptions>(), terminal)) ?? EXIT.done;
  } catch (error) {
    if (error instanceof ReaderGone) return EXIT.done;
    if (!(error instanceof Failure)) throw error;
    terminal.note(`error: ${shown(error.message)}`);
    return error.exitCode;
  }
}

function contextOf({ url, user, ca, json, yes }: GlobalOptions, terminal: Terminal): Parameters<Run>[0] {
  let connection: Connection | undefined;
  return {
    // Made when it is used: completion needs none.
    get connection() {
      return connection ??= new Connection(
        url ?? fromEnvironment(ENVIRONMENT.url),
        user ?? fromEnvironment(ENVIRONMENT.user),
        ca,
      );
    },
    terminal,
    json: json === true,
    confirm: (question) => confirmAtTerminal(question, yes === true),
    now: Date.now,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

/** A variable; undefined too where it may not be read, or is empty. */
function fromEnvironment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}

/** All commands; what is chosen is told when the arguments are parsed. */
function createProgram(choose: Choose, terminal: Terminal): Command {
  const program = new Command("deno task admin")
    .description("Looks after a gateway that runs, by its listener for operators.")
    .helpOption("--help", "print this, and exit")
    .option("--url <url>", "where the gateway listens for operators (default: http://127.0.0.1:7001)")
    .option("--user <name:password>", "whom the gateway knows you as; others on this machine can see it")
    .option("--ca <file>", "trust the certificates in this file, too (PEM)")
    .option("--json", "answer in JSON, for machines")
    .option("--yes", "do harm without asking")
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", NOTES);
  gatewayCommands(program, choose);
  topCommand(program, choose);
  forecastCommand(program, choose);
  serverCommands(program, choose);
  roomCommands(program, choose);
  customerCommands(program, choose);
  banCommands(program, choose);
  taskCommands(program, choose);
  webhookCommands(program, choose);
  program.command("completion").description("print a script that completes these commands in a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .option("--name <command>", "what you call this program", parseName, "odin-admin")
    .action((shell: Shell, { name }: { name: string }) =>
      choose(() => Promise.resolve(terminal.write(completionScript(shell, program, name))))
    );
  return program;
}

function parseName(text: string): string {
  if (!/^[A-Za-z][\w.-]*$/.test(text)) throw new InvalidArgumentError("expected the name of a command.");
  return text;
}
