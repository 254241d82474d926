/** The version of hawser.plugin.v1 that is spoken here, by agents and by what serves them. */
export const API_VERSION = 1;
