import type { GuestFunctions } from 'opsbro/sdk';

/** The functions of this topic, by canonical name. Until a node has a cluster it is alone in one, and they answer for that. */
export const functions: GuestFunctions = {
  is_in_group: (py, group) => py.facts.groups.includes(py.text(group ?? null, 'is_in_group')),
  is_in_static_group: (py, group) =>
    py.facts.staticGroups.includes(py.text(group ?? null, 'is_in_static_group')),
  gossip_get_zone: (py, uuid) => {
    const wanted = py.text(uuid ?? '', 'gossip_get_zone');
    return wanted === '' || wanted === py.facts.node.uuid ? py.facts.node.zone : '';
  },
  gossip_count_nodes: (py, group, state) => {
    const wanted = py.text(group ?? '', 'gossip_count_nodes');
    const wantedState = py.text(state ?? '', 'gossip_count_nodes');
    const inGroup = wanted === '' || py.facts.groups.includes(wanted);
    return inGroup && (wantedState === '' || wantedState === 'alive') ? 1 : 0;
  },
  gossip_have_event_type: (py, eventType) => {
    py.text(eventType ?? null, 'gossip_have_event_type');
    return false;
  },
  compliance_get_state_of_rule: (py, name) => {
    py.text(name ?? null, 'compliance_get_state_of_rule');
    return 'UNKNOWN';
  },
};
