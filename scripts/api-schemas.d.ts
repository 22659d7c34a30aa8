/** The schemas, by name, in order, with the references of an OpenAPI document. */
export function apiSchemas(): { [name: string]: object };
