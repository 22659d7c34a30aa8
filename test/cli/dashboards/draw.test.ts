import { describe, expect, it } from 'vitest';
import { drawDashboard } from '../../../cli/dashboards/draw.ts';
import { plainText } from '../../../cli/dashboards/text.ts';
import { Canvas } from '../../../cli/screen/canvas.ts';
import { readings, sample } from './sample.ts';

const footer = { text: 'The shop  12:00:00', style: '2' };
const drawn = (width: number, height: number, others = {}): string => {
  const canvas = new Canvas(width, height);
  drawDashboard(canvas, sample, readings(others), footer);
  return `\n${canvas.lines(false).join('\n')}\n`;
};

describe('a dashboard', () => {
  it('is drawn on 80 x 24', () => {
    expect(drawn(80, 24)).toMatchInlineSnapshot(`
      "
      ╭ Stock: 62 % ! ───────────────────────╮╭ Waiting: 13 orders ──────────────────╮
      │                ⢀⣀⠤⣿⣷⣶⣤⡀              ││ ███████████▋░░░░░░░░░░░░░░░░░░░░░░░░ │
      │              ⣠⠚⠁  ⠙⠛⠿⣿⣿⣦             │╰──────────────────────────────────────╯
      │             ⢰⠁       ⠘⣿⣿⣇            │
      │             ⡇    62   ⣹⣿⣿            │
      │             ⠸⡀       ⢠⣿⣿⡏            │
      │              ⢀⣴⣶⣤⣄⣠⣤⣶⣿⣿⠟             │
      │              ⠈⠛⠿⢿⣿⣿⡿⠿⠛⠁              │
      ╰──────────────────────────────────────╯
      ╭ Sent: 2.9 MiB/s ─────────────────────────────────────────────────────────────╮
      │ 2.9M               ⢀⣴⣶⣿⣿⣿⣶⣤⡀                             ⣠⣴⣾⣿⣿⣷⣦⣄            │
      │                  ⣠⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣦⡀                         ⣠⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣦          │
      │                ⢀⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣦                      ⣠⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣄        │
      │               ⣰⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣄                  ⢀⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣧⡀      │
      │             ⢀⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣦⡀               ⣠⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣆     │
      │           ⢀⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣄            ⢀⣼⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣄   │
      │         ⢀⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣄        ⢀⣴⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣦⣀ │
      │    0 ⣀⣤⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣦⣄⣀⣀⣀⣤⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿ │
      ╰──────────────────────────────────────────────────────────────────────────────╯
      ╭ Now ─────────────────────────────────────────────────────────────────────────╮
      │ open                                                                         │
      │ 3 at the desk                                                                │
      ╰──────────────────────────────────────────────────────────────────────────────╯
      The shop  12:00:00
      "
    `);
  });

  it('is drawn on 40 x 16', () => {
    expect(drawn(40, 16)).toMatchInlineSnapshot(`
      "
      ╭ Stock: 62 % ! ───╮╭ Wait…: 13 orders ╮
      │      ⢀⠤⠤⣿⣶⣦⡀     ││ █████▏░░░░░░░░░░ │
      │     ⡔⠁   ⠈⠻⣿⡆    │╰──────────────────╯
      │     ⡇  62  ⣿⣿    │
      │     ⠣⢀⡀  ⢀⣴⣿⠇    │
      │      ⠻⠿⣿⣿⠿⠟⠁     │
      ╰──────────────────╯
      ╭ Sent: 2.9 MiB/s ─────────────────────╮
      │ 2.9M       ⢀⣀⣠⣤⣴⣶⣶⣿⣿⣿⣿⣿⣿⣷⣶⣶⣤⣤⣀⡀      │
      │    0 ⣠⣤⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣶⣶⣤⣤ │
      ╰──────────────────────────────────────╯
      ╭ Now ─────────────────────────────────╮
      │ open                                 │
      │ 3 at the desk                        │
      ╰──────────────────────────────────────╯
      The shop  12:00:00
      "
    `);
  });

  it('is lines of text where there is no room for frames', () => {
    expect(drawn(40, 5)).toMatchInlineSnapshot(`
      "
      Stock    [############--------]  62 %  w
      Waiting  [#######-------------]  13 orde
      Sent     2.9 MiB/s (15 to 2.9M)
      … 2 more
      The shop  12:00:00
      "
    `);
  });

  it('says what fails and what is missing', () => {
    const others = {
      Stock: { number: null, error: 'division by zero' },
      Waiting: { value: null, number: null, text: '', missing: ['collector.shop.waiting'] },
      Now: { text: 'a\nb\nc\nd\ne\nf\ng' },
    };
    expect(drawn(64, 16, others)).toMatchInlineSnapshot(`
      "
      ╭ Stock: - ────────────────────╮╭ Waiting: - ──────────────────╮
      │ division by zero             ││ no collector.shop.waiting    │
      │                              │╰──────────────────────────────╯
      │                              │
      │                              │
      ╰──────────────────────────────╯
      ╭ Sent: 2.9 MiB/s ─────────────────────────────────────────────╮
      │ 2.9M ⣿⣿⣿⣿⣿⣷⣶⣶⣤⣤⣀⣀                  ⢀⣀⣠⣤⣴⣶⣶⣿⣿⣿⣿⣿⣿⣷⣶⣶⣤⣤⣀⡀      │
      │    0 ⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣷⣶⣦⣤⣤⣀⣀⣀⣀⣀⣀⣠⣤⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣶⣶⣤⣤ │
      ╰──────────────────────────────────────────────────────────────╯
      ╭ Now ─────────────────────────────────────────────────────────╮
      │ a                                                            │
      │ b                                                            │
      │ … 5 more                                                     │
      ╰──────────────────────────────────────────────────────────────╯
      The shop  12:00:00
      "
    `);
    expect(plainText(sample, readings(others))).toMatchInlineSnapshot(`
      "The shop
        Stock    division by zero
        Waiting  - (no collector.shop.waiting)
        Sent     2.9 MiB/s (15 to 2.9M)
        Now      a
                 b
                 c
                 d
                 e
                 f
                 g"
    `);
  });

  it('colours values by their limits', () => {
    const canvas = new Canvas(40, 16);
    drawDashboard(canvas, sample, readings({ Stock: { number: 95 } }), footer);
    expect(canvas.lines(true).join('\n')).toContain('\u001b[0;31m');
    expect(canvas.lines(false)[0]).toContain('Stock: 95 % !!');
  });

  it('is text that needs no more than ASCII', () => {
    expect(plainText(sample, readings())).toMatchInlineSnapshot(`
      "The shop
        Stock    [############--------]  62 %  warning
        Waiting  [#######-------------]  13 orders
        Sent     2.9 MiB/s (15 to 2.9M)
        Now      open
                 3 at the desk"
    `);
  });
});
