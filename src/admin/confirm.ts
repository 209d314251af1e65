import { misused, refused } from "./failure.ts";
import { shown } from "./width.ts";

/**
 * Asks at the terminal.
 *
 * @param yes whether the answer was given with the command
 * @throws {Failure} where the answer is no, or nobody can be asked
 */
export function confirmAtTerminal(question: string, yes: boolean): void {
  if (yes) return;
  if (!Deno.stdin.isTerminal() || !Deno.stdout.isTerminal()) {
    throw misused(`${shown(question)} Nobody can be asked here: say --yes if it is to be done`);
  }
  if (!confirm(shown(question))) throw refused("nothing was changed");
}
