import { Resolver } from 'node:dns';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import { fixtureContext, testCertificates } from 'opsbro/sdk/testing';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it, vi } from 'vitest';
import type { MailOptions } from './options.ts';
import { address, sendMail } from './smtp.ts';

// First, since nodemailer looks for interfaces once.
it('reaches a server of /etc/hosts while no name server answers', async () => {
  const card = { address: '192.0.2.1', netmask: '', mac: '', cidr: null, internal: false };
  const fakes = [
    vi.spyOn(os, 'networkInterfaces').mockReturnValue({ eth0: [{ ...card, family: 'IPv4' }] }),
    vi.spyOn(Resolver.prototype, 'resolve4').mockImplementation(() => undefined),
  ];
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const options: Partial<MailOptions> = {
    ...{ smtp_server: `localhost:${port}`, smtps: false, starttls: 'auto', ca_file: '' },
    ...{ username: '', password: '', contacts: ['ops@example.org'], addr_from: '' },
  };
  const message = { subject: 'down', text: 'no name server answers', html: '', messageId: '<a@b>' };
  try {
    const ctx = fixtureContext<MailOptions>({ options: options as MailOptions });
    expect(await sendMail(ctx, message, ['ops@example.org'])).toEqual([]);
  } finally {
    for (const fake of fakes) fake.mockRestore();
    await new Promise<void>((resolve) => server.close(resolve));
  }
});

it.each([
  ['localhost', false, { host: 'localhost', port: 25 }],
  ['mail.example.org', true, { host: 'mail.example.org', port: 465 }],
  ['mail.example.org:587', false, { host: 'mail.example.org', port: 587 }],
  ['[::1]:2525', false, { host: '::1', port: 2525 }],
])('reads the server %s with smtps: %s', (smtp_server, smtps, expected) => {
  expect(address({ smtp_server, smtps })).toEqual(expected);
});

it.each([
  ['localhost', false, 2, /:\d+: .*certificate.*; name in 'ca_file' the certificate to trust/],
  ['127.0.0.2', true, 2, /:\d+: .*altnames.*; .* 'smtp_server' has to be a name that is in it/],
  ['localhost', true, 0, /:\d+: .*expired; the mail server needs a new certificate$/],
])('says what helps when the certificate of %s is not trusted', async (host, isKnown, days, expected) => {
  const { key, cert, caFile, remove } = testCertificates({ days });
  const server = new SMTPServer({ key, cert });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.server.address() as AddressInfo;
  const options: Partial<MailOptions> = {
    ...{ smtp_server: `${host}:${port}`, smtps: false, starttls: 'auto', ca_file: isKnown ? caFile : '' },
    ...{ username: 'agent', password: 'hunter2', contacts: ['ops@example.org'], addr_from: '' },
  };
  const message = { subject: 'down', text: 'the disk is full', html: '', messageId: '<a@b>' };
  try {
    const ctx = fixtureContext<MailOptions>({ options: options as MailOptions });
    await expect(sendMail(ctx, message, ['ops@example.org'])).rejects.toThrow(expected);
  } finally {
    await new Promise<void>((resolve) => server.close(resolve));
    remove();
  }
});

describe('the dialogue with a server', () => {
  it('goes to the log also when it refuses, without the password', async () => {
    const { key, cert, caFile, remove } = testCertificates();
    const server = new SMTPServer({
      key,
      cert,
      onAuth: (_, __, done) => done(new Error('Invalid password hunter2')),
    });
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.server.address() as AddressInfo;
    const options: Partial<MailOptions> = {
      ...{ smtp_server: `localhost:${port}`, smtps: false, starttls: 'auto', ca_file: caFile },
      ...{ username: 'agent', password: 'hunter2', contacts: ['ops@example.org'], addr_from: '' },
    };
    const ctx = fixtureContext<MailOptions>({ options: options as MailOptions });
    try {
      const message = { subject: 'down', text: 'the disk is full', html: '', messageId: '<a@b>' };
      await expect(sendMail(ctx, message, ['ops@example.org'])).rejects.toThrow('535');
    } finally {
      await new Promise<void>((resolve) => server.close(resolve));
      remove();
    }
    expect(new Set(ctx.logs.map(({ level }) => level))).toEqual(new Set(['debug']));
    const said = ctx.logs.map((line) => line.message).join('\n');
    expect(said.match(/^> [A-Z]+/gm)).toEqual(['> EHLO', '> STARTTLS', '> EHLO', '> AUTH']);
    expect(said).toMatch(/^< 220 /);
    expect(said).toMatch(/\n< 535 .*Invalid password \*{8}$/);
    for (const secret of ['hunter2', Buffer.from('\0agent\0hunter2').toString('base64')])
      expect(said).not.toContain(secret);
  });
});
