import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;

export type Shell = typeof SHELLS[number];

/** What can be written after a command. */
interface Completed {
  readonly name: string;
  readonly description: string;
  readonly options: readonly {
    readonly long: string;
    readonly description: string;
    readonly takes: boolean;
  }[];
  /** Words that stand for its arguments, where only some may. */
  readonly choices: readonly string[];
}

/** A script that completes the commands and options of a program in a shell. */
export function completionScript(shell: Shell, program: Command, name: string): string {
  const all: Completed = completed(program);
  const commands = program.commands.map(completed);
  switch (shell) {
    case "bash":
      return bash(name, all, commands);
    case "zsh":
      return zsh(name, all, commands);
    case "fish":
      return fish(name, all, commands);
  }
}

function completed(command: Command): Completed {
  return {
    name: command.name(),
    description: command.description(),
    options: command.options.flatMap(({ long, description, required, optional }) =>
      typeof long === "string" ? [{ long, description, takes: required || optional }] : []
    ),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}

function longs({ options }: Completed): string[] {
  return options.map(({ long }) => long);
}

/** The name of a shell function for a command. */
function functionFor(name: string): string {
  return `_${name.replace(/\W/g, "_")}`;
}

/** Finds the command among the words before the one that is completed; the same in bash and zsh but for the words. */
function caseOf(all: Completed, commands: readonly Completed[]): string {
  const lines = commands.map((command) =>
    `    ${command.name}) candidates="${[...command.choices, ...longs(command), ...longs(all)].join(" ")}" ;;`
  );
  const first = [...commands.map(({ name }) => name), ...longs(all)].join(" ");
  return `  case "$command" in\n    "") candidates="${first}" ;;\n${lines.join("\n")}\n  esac`;
}

function bash(name: string, all: Completed, commands: readonly Completed[]): string {
  const completer = functionFor(name);
  return `# Completion of ${name} for bash: source it, or put it into ~/.bashrc.
${completer}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" candidates="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " ${commands.map(({ name }) => name).join(" ")} " in
      *" $word "*) command="$word"; break ;;
    esac
  done
${caseOf(all, commands)}
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F ${completer} ${name}
`;
}

function zsh(name: string, all: Completed, commands: readonly Completed[]): string {
  const completer = functionFor(name);
  return `#compdef ${name}
# Completion of ${name} for zsh: source it after compinit, or put it as ${completer} into a folder of fpath.
${completer}() {
  local command="" candidates="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case " ${commands.map(({ name }) => name).join(" ")} " in
      *" $word "*) command="$word"; break ;;
    esac
  done
${caseOf(all, commands)}
  compadd -- \${=candidates}
}
if (( \${+functions[compdef]} )); then compdef ${completer} ${name}; fi
`;
}

function fish(name: string, all: Completed, commands: readonly Completed[]): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const names = commands.map((command) => command.name).join(" ");
  const option = (condition: string, { long, description, takes }: Completed["options"][number]) =>
    `complete -c ${name}${condition} -l ${long.slice(2)}${takes ? " -r" : ""} -d ${quoted(description)}`;
  const lines = commands.flatMap((command) => {
    const seen = ` -n '__fish_seen_subcommand_from ${command.name}'`;
    return [
      `complete -c ${name} -n 'not __fish_seen_subcommand_from ${names}' -a ${command.name} -d ${
        quoted(command.description)
      }`,
      ...command.choices.map((choice) => `complete -c ${name}${seen} -a ${choice}`),
      ...command.options.map((each) => option(seen, each)),
    ];
  });
  return `# Completion of ${name} for fish: put it into ~/.config/fish/completions/${name}.fish.
complete -c ${name} -f
${all.options.map((each) => option("", each)).join("\n")}
${lines.join("\n")}
`;
}
