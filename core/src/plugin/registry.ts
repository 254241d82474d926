import 'reflect-metadata';
import { container, type DependencyContainer } from 'tsyringe';

/** Wraps each value because tsyringe takes an undefined one for no registration at all. */
interface Box {
  readonly value: unknown;
}

/**
 * The values of one boot by URI, in a tsyringe child container. They are registered as finished instances after their
 * asynchronous start; tsyringe constructs nothing and disposes of nothing here.
 */
export class ValueRegistry {
  readonly #container: DependencyContainer = container.createChildContainer();

  add(uri: string, value: unknown): void {
    this.#container.registerInstance<Box>(uri, { value });
  }

  /** What was added under this URI; undefined where nothing was. */
  get(uri: string): unknown {
    return this.#container.isRegistered(uri) ? this.#container.resolve<Box>(uri).value : undefined;
  }

  clear(): void {
    this.#container.reset();
  }
}
