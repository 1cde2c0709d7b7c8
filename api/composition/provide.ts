/** Typed wiring on top of inversify: a service is bound to a plain factory and the names of what the factory needs. */
import type { Container } from 'inversify';

declare const service: unique symbol;
/** The name of a service; carries the service's type for the compiler. */
export type Token<Service> = symbol & { readonly [service]?: Service };

export const token = <Service>(name: string): Token<Service> => Symbol(name);

type Tokens<Deps> = { readonly [Name in keyof Deps]: Token<Exclude<Deps[Name], undefined>> };

/** Binds a service to the factory that makes it, once, from the services named by `needs`. */
export const provide = <Service, Deps extends object>(
  container: Container,
  name: Token<Service>,
  factory: (deps: Deps) => Service,
  needs: Tokens<Deps>,
): void => {
  const names = Object.keys(needs);
  const gather = (...services: unknown[]): Service => factory(Object.fromEntries(names.map((each, index) => [each, services[index]])) as Deps);
  container.bind<Service>(name).toResolvedValue(gather, Object.values<symbol>(needs)).inSingletonScope();
};

/** Binds a service that exists already. */
export const provideValue = <Service>(container: Container, name: Token<Service>, value: Service): void => {
  container.bind<Service>(name).toConstantValue(value);
};

/** The service behind a name. */
export const resolve = <Service>(container: Container, name: Token<Service>): Service => container.get<Service>(name);
