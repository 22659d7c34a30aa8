import type { GuestFunctions } from 'opsbro/sdk';

/** The functions of this topic, by canonical name. */
export const functions: GuestFunctions = {
  string_upper: (py, s = null) => py.text(s, 'string_upper').toUpperCase(),
  string_lower: (py, s = null) => py.text(s, 'string_lower').toLowerCase(),
  string_split: (py, s = null, separator = null) => {
    const by = py.text(separator, 'string_split');
    return by === '' ? py.raise('value', 'empty separator') : py.text(s, 'string_split').split(by);
  },
  string_join: (py, list = null, separator = null) => {
    const by = py.text(separator, 'string_join');
    const texts = py.iterate(list).map((item) => py.text(item, 'string_join'));
    const size = texts.reduce((sum, text) => sum + text.length + by.length, 0);
    return size > 1_048_576 ? py.raise('limit', `a text of ${size} characters is too long`) : texts.join(by);
  },
};
