/** A template, `''` for the built-in text, null when its file cannot be read. */
export type Template = string | null;

/** The options of a mail handler, see `plugin.yml`. */
export interface MailOptions {
  contacts: string[];
  addr_from: string;
  smtp_server: string;
  smtps: boolean;
  starttls: 'auto' | 'always' | 'never';
  username: string;
  password: string;
  ca_file: string;
  subject_template: Template;
  text_template: Template;
  html_template: Template;
  check_subject_template: Template;
  check_text_template: Template;
  group_subject_template: Template;
  group_text_template: Template;
  compliance_subject_template: Template;
  compliance_text_template: Template;
}
