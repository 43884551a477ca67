/** A value of the environment that cannot be used; `message` names the variable and says what to do. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}
