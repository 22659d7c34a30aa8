import type { ObjectType } from './model.ts';

/** Spellings that Nagios takes for the name on the right, by kind of object. */
const aliases: { [type in ObjectType]?: { [name: string]: string } } = {
  host: {
    host_groups: 'hostgroups',
    normal_check_interval: 'check_interval',
    retry_check_interval: 'retry_interval',
  },
  service: {
    host: 'host_name',
    hosts: 'host_name',
    hostgroup: 'hostgroup_name',
    hostgroups: 'hostgroup_name',
    description: 'service_description',
    service_groups: 'servicegroups',
    normal_check_interval: 'check_interval',
    retry_check_interval: 'retry_interval',
  },
  contact: { contact_groups: 'contactgroups' },
};

const relationAliases: { [name: string]: string } = {
  host: 'host_name',
  master_host: 'host_name',
  master_host_name: 'host_name',
  hostgroup: 'hostgroup_name',
  hostgroups: 'hostgroup_name',
  description: 'service_description',
  master_description: 'service_description',
  master_service_description: 'service_description',
  dependent_host: 'dependent_host_name',
  dependent_hostgroup: 'dependent_hostgroup_name',
  dependent_description: 'dependent_service_description',
  execution_failure_options: 'execution_failure_criteria',
  notification_failure_options: 'notification_failure_criteria',
};

const objectDirectives =
  'name use register alias display_name notes notes_url action_url icon_image icon_image_alt importance';
const checkDirectives =
  `${objectDirectives} check_command initial_state max_check_attempts check_interval retry_interval active_checks_enabled ` +
  'passive_checks_enabled check_period check_freshness freshness_threshold event_handler event_handler_enabled low_flap_threshold ' +
  'high_flap_threshold flap_detection_enabled flap_detection_options process_perf_data failure_prediction_enabled ' +
  'failure_prediction_options retain_status_information retain_nonstatus_information contacts contact_groups notification_interval ' +
  'first_notification_delay notification_period notification_options notifications_enabled stalking_options hourly_value';
const escalationDirectives =
  'name use register host_name hostgroup_name contacts contact_groups first_notification last_notification notification_interval ' +
  'escalation_period escalation_options';
const dependencyDirectives =
  'name use register host_name hostgroup_name dependent_host_name dependent_hostgroup_name inherits_parent ' +
  'execution_failure_criteria notification_failure_criteria dependency_period';
const extraDirectives =
  'name use register host_name hostgroup_name notes notes_url action_url icon_image icon_image_alt vrml_image statusmap_image ' +
  'gd2_image 2d_coords 3d_coords service_description';

/** Every directive that Nagios 4 knows, by kind of object. */
const known: { [type in ObjectType]: ReadonlySet<string> } = {
  host: words(
    checkDirectives,
    'host_name address parents hostgroups obsess obsess_over_host vrml_image gd2_image statusmap_image 2d_coords 3d_coords',
  ),
  hostgroup: words(objectDirectives, 'hostgroup_name members hostgroup_members'),
  service: words(
    checkDirectives,
    'host_name hostgroup_name service_description parents servicegroups is_volatile parallelize_check obsess obsess_over_service',
  ),
  servicegroup: words(objectDirectives, 'servicegroup_name members servicegroup_members'),
  command: words('name use register command_name command_line'),
  contact: words(
    'name use register contact_name alias contactgroups minimum_importance minimum_value host_notifications_enabled',
    'service_notifications_enabled host_notification_period service_notification_period host_notification_options',
    'service_notification_options host_notification_commands service_notification_commands email pager can_submit_commands',
    'retain_status_information retain_nonstatus_information',
    'address1 address2 address3 address4 address5 address6',
  ),
  contactgroup: words('name use register contactgroup_name alias members contactgroup_members'),
  timeperiod: words('name use register timeperiod_name alias exclude'),
  servicedependency: words(
    dependencyDirectives,
    'service_description dependent_service_description servicegroup_name dependent_servicegroup_name',
  ),
  hostdependency: words(dependencyDirectives),
  serviceescalation: words(escalationDirectives, 'service_description servicegroup_name'),
  hostescalation: words(escalationDirectives),
  hostextinfo: words(extraDirectives),
  serviceextinfo: words(extraDirectives),
};

function words(...texts: string[]): Set<string> {
  return new Set(texts.flatMap((text) => text.split(' ')));
}

/** True for a kind of object that Nagios 4 knows. */
export function isObjectType(name: string): name is ObjectType {
  return Object.hasOwn(known, name);
}

/** The kinds of objects. */
export const objectTypes = Object.keys(known);

/** The one name of a directive. Custom variables are upper case, as Nagios sees them. */
export function canonicalName(type: ObjectType, name: string): string {
  if (name.startsWith('_')) return name.toUpperCase();
  const table = /dependency|escalation/.test(type) ? relationAliases : aliases[type];
  return table !== undefined && Object.hasOwn(table, name) ? (table[name] as string) : name;
}

/** The directives of a kind of object. */
export function knownDirectives(type: ObjectType): ReadonlySet<string> {
  return known[type];
}
