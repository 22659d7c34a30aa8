import { defineFunctions } from 'opsbro/sdk';
import { type Account, accountById, accountByName, accountOf } from './accounts.ts';

const users = '/etc/passwd';
const groups = '/etc/group';
const name = (account: Account | undefined) => account?.name ?? null;
const id = (account: Account | undefined) => account?.id ?? null;

export default defineFunctions({
  functions: {
    system_get_os: () => (process.platform === 'win32' ? 'windows' : process.platform),
    system_is_python_2: () => false,
    system_is_python_3: () => false,
    system_user_exists: async (ctx, wanted) => (await accountOf(ctx, users, wanted ?? null)) !== undefined,
    system_userid_from_username: async (ctx, wanted) => id(await accountByName(ctx, users, wanted ?? null)),
    system_username_from_userid: async (ctx, wanted) => name(await accountById(ctx, users, wanted ?? null)),
    system_group_exists: async (ctx, wanted) => (await accountOf(ctx, groups, wanted ?? null)) !== undefined,
    system_groupid_from_groupname: async (ctx, wanted) =>
      id(await accountByName(ctx, groups, wanted ?? null)),
    system_groupname_from_groupid: async (ctx, wanted) =>
      name(await accountById(ctx, groups, wanted ?? null)),
    get_env: (ctx, variable) => ctx.env(String(variable)) ?? '',
  },
});
