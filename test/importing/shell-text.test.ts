import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandScript } from '../../configuration/script/macros.ts';
import { commandText, expandMacros, splitCommand } from '../../importing/mapping/macros.ts';
import { notificationText, scriptText } from '../../importing/mapping/shell-text.ts';

const command = fc
  .array(
    fc.constantFrom(
      '$',
      '$$',
      '\\',
      "'",
      '"',
      '`',
      '(',
      ')',
      '{',
      '}',
      ' ',
      'HOME',
      '$ARG1$',
      '|',
      'a',
      ';',
      '#',
      '\n',
    ),
  )
  .map((parts) => parts.join(''));

describe('a script', () => {
  it('is the command line again once its macros are replaced, whatever its quoting', () => {
    fc.assert(
      fc.property(command, (text) => {
        const { plan, findings } = expandScript(scriptText(text), []);
        expect(findings).toEqual([]);
        expect(plan).toEqual({ shell: text });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('macros', () => {
  it.each([
    ['a$$b', 'a$b'],
    ['$A$', '<A>'],
    ['$A$$B$', '<A><B>'],
    ['$$A$$', '$A$'],
    ['$5 and $A$', '$5 and $A$'],
    ['$', '$'],
    ['', ''],
  ])('of %j give %j', (text, expected) => {
    const values = (name: string): string | undefined => (/^[AB]$/.test(name) ? `<${name}>` : undefined);
    expect(expandMacros(text, values)?.text).toBe(expected);
  });

  it('that would blow a command line up are refused', () => {
    const values = (): string => 'x'.repeat(1000);
    expect(expandMacros('$A$'.repeat(60), values)?.text).toHaveLength(60_000);
    expect(expandMacros('$A$'.repeat(70), values)).toBeNull();
    expect(commandText('$ARG1$'.repeat(70), ['$A$'], values)).toBeNull();
  });

  it.each([
    ['check', { name: 'check', args: [] }],
    ['check!a!!c', { name: 'check', args: ['a', '', 'c'] }],
    ['check!a\\!b!c', { name: 'check', args: ['a!b', 'c'] }],
  ])('split %j into %j', (text, expected) => {
    expect(splitCommand(text)).toEqual(expected);
  });

  it.each([
    ['echo $SERVICEOUTPUT$', `echo "\${NAGIOS_SERVICEOUTPUT}"`],
    ['echo "is $SERVICESTATE$"', `echo "is \${NAGIOS_SERVICESTATE}"`],
    ["echo '$SERVICESTATE$'", `echo ''"\${NAGIOS_SERVICESTATE}"''`],
    ['echo $CONTACTEMAIL$ $$HOME', 'echo a@b $HOME'],
    ['echo $nothing$ $', 'echo $nothing$ $'],
  ])('of a notification: %j is %j', (text, expected) => {
    expect(notificationText(text, (name) => (name === 'CONTACTEMAIL' ? 'a@b' : undefined))).toBe(expected);
  });
});
