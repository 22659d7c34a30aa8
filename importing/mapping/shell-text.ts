import { ShellText } from '../../configuration/script/shell-place.ts';
import { isMacro, type MacroValues } from './macros.ts';

/** A command line as a `script:`: its dollars doubled, so that none begins a macro here. Inside of a shell's escape they stay as they are. */
export function scriptText(command: string): string {
  const shell = new ShellText();
  let result = '';
  for (const character of command) {
    result += character === '$' && !shell.escapes ? '$$' : character;
    shell.feed(character);
  }
  return result;
}

/**
 * A notification command: what is known now is pasted as Nagios does, and `$NAME$` that only a notification knows becomes the environment
 * variable `NAGIOS_NAME`, quoted for the place where it stands: it stays one argument, where Nagios would paste it.
 */
export function notificationText(command: string, values: MacroValues): string {
  const shell = new ShellText();
  const pieces = command.split('$');
  let result = '';
  const copy = (text: string): void => {
    shell.feed(text);
    result += text;
  };
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 0) copy(piece);
    else if (index === pieces.length - 1) copy(`$${piece}`);
    else if (piece === '') copy('$');
    else {
      const value = values(piece);
      if (value === undefined && isMacro(piece)) result += variable(piece, shell);
      else copy(value ?? `$${piece}$`);
    }
  }
  return result;
}

function variable(name: string, shell: ShellText): string {
  const { place } = shell;
  shell.passValue();
  const plain = `\${NAGIOS_${name.replaceAll(/\W/g, '_')}}`;
  if (place === 'single') return `'"${plain}"'`;
  return place === 'bare' ? `"${plain}"` : plain;
}
