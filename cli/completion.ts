import { Argument, type Command } from 'commander';
import type { CliContext } from './context.ts';

/** Each script passes every word up to the cursor to `opsbro __complete`; the shell does directories, and files when there is no candidate. */
const scripts: { [shell: string]: string } = {
  bash: `# opsbro completion for bash: source <(opsbro completion bash)
_opsbro() {
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  case \${COMP_WORDS[COMP_CWORD - 1]} in
    --config | --data)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -d -- "\${COMP_WORDS[COMP_CWORD]}")
      return
      ;;
  esac
  mapfile -t COMPREPLY < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
}
complete -o default -F _opsbro opsbro
`,
  zsh: `#compdef opsbro
# opsbro completion for zsh: source <(opsbro completion zsh), or save as _opsbro in a directory of $fpath
_opsbro() {
  local -a found
  if [[ "\${words[CURRENT-1]}" == --(config|data) ]]; then
    _files -/
    return
  fi
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then
    compadd -a found
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _opsbro ]]; then
  _opsbro "$@"
else
  compdef _opsbro opsbro
fi
`,
  fish: `# opsbro completion for fish: opsbro completion fish | source
function __opsbro_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c opsbro -f -a '(__opsbro_complete)'
complete -c opsbro -l config -x -a '(__fish_complete_directories (commandline -ct))'
complete -c opsbro -l data -x -a '(__fish_complete_directories (commandline -ct))'
complete -c opsbro -n '__fish_seen_subcommand_from check plan' -a '(__fish_complete_directories (commandline -ct))'
`,
};

/** Adds `opsbro completion bash|zsh|fish`. */
export function registerCompletion(program: Command, cli: CliContext): void {
  program
    .command('completion')
    .description('print a completion script, e.g. source <(opsbro completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .action((shell: string) => cli.show({ shell, script: scripts[shell] ?? '' }, () => scripts[shell] ?? ''));
}
