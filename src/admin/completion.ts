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

/** The options that take a value: the next word is none of the commands. */
function takers(all: Completed, commands: readonly Completed[]): string[] {
  const taking = [all, ...commands].flatMap(({ options }) => options.filter(({ takes }) => takes));
  return [...new Set(taking.map(({ long }) => long))];
}

/** Finds the command among the words before the one that is completed; the same in bash and zsh. */
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
  # Without the = and : that bash makes words of, with what is on both sides of a colon.
  local -a words=()
  local current="\${COMP_WORDS[COMP_CWORD]}" command="" candidates="" word joins=0 i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      =) ;;
      :) joins=1 ;;
      *) if ((joins && \${#words[@]})); then words[\${#words[@]}-1]+=":$word"; else words+=("$word"); fi; joins=0 ;;
    esac
  done
  ((joins)) && return # within a value
  for ((i = 0; i < \${#words[@]}; i++)); do
    case " ${takers(all, commands).join(" ")} " in
      *" \${words[i]} "*) ((++i < \${#words[@]})) || return; continue ;; # its value is not a command
    esac
    if [[ -z "$command" ]]; then
      case " ${commands.map(({ name }) => name).join(" ")} " in
        *" \${words[i]} "*) command="\${words[i]}" ;;
      esac
    fi
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
  local command="" candidates="" i
  for ((i = 2; i < CURRENT; i++)); do
    case " ${takers(all, commands).join(" ")} " in
      *" \${words[i]} "*) ((++i < CURRENT)) || { _files; return; }; continue ;; # its value is not a command
    esac
    if [[ -z "$command" ]]; then
      case " ${commands.map(({ name }) => name).join(" ")} " in
        *" \${words[i]} "*) command="\${words[i]}" ;;
      esac
    fi
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
  const chosen = `_${functionFor(name)}_chosen`;
  const option = (condition: string, { long, description, takes }: Completed["options"][number]) =>
    `complete -c ${name}${condition} -l ${long.slice(2)}${takes ? " -r" : ""} -d ${quoted(description)}`;
  const lines = commands.flatMap((command) => {
    const seen = ` -n '${chosen} ${command.name}'`;
    return [
      `complete -c ${name} -n '${chosen} none' -a ${command.name} -d ${quoted(command.description)}`,
      ...command.choices.map((choice) => `complete -c ${name}${seen} -a ${choice}`),
      ...command.options.map((each) => option(seen, each)),
    ];
  });
  return `# Completion of ${name} for fish: put it into ~/.config/fish/completions/${name}.fish.
# Whether this is the command that was chosen, or none was; the value of an option is not one.
function ${chosen}
  set -l takes no
  for word in (commandline -opc)[2..]
    if test $takes = yes
      set takes no
    else if contains -- $word ${takers(all, commands).join(" ")}
      set takes yes
    else if contains -- $word ${names}
      test $word = $argv[1]
      return
    end
  end
  test none = $argv[1]
end
complete -c ${name} -f
${all.options.map((each) => option("", each)).join("\n")}
${lines.join("\n")}
`;
}
