import 'reflect-metadata';
import { container, type DependencyContainer } from 'tsyringe';

/** Wraps each value, because tsyringe takes an undefined one for no registration at all and forgets no single one. */
interface Box {
  value: unknown;
}

/**
 * The values of running plugins by URI, in a tsyringe child container. They are registered as finished instances after
 * their asynchronous start; tsyringe constructs nothing and disposes of nothing here.
 */
export class ValueRegistry {
  readonly #container: DependencyContainer = container.createChildContainer();

  add(uri: string, value: unknown): void {
    const box = this.#box(uri);
    if (box === undefined) this.#container.registerInstance<Box>(uri, { value });
    else box.value = value;
  }

  /** What was added under this URI last; undefined where nothing was, or it was removed. */
  get(uri: string): unknown {
    return this.#box(uri)?.value;
  }

  remove(uri: string): void {
    const box = this.#box(uri);
    if (box !== undefined) box.value = undefined;
  }

  clear(): void {
    this.#container.reset();
  }

  #box(uri: string): Box | undefined {
    return this.#container.isRegistered(uri) ? this.#container.resolve<Box>(uri) : undefined;
  }
}
