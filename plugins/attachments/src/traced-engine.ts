import type { SpanFields, Tracing } from '@hawser/core';
import type { AttachmentId, Attachments } from '@hawser/core/network';

/** The engine with a span for each call: `hawser.attachments.attach` and the like. */
export function tracedEngine(engine: Attachments, { span }: Tracing): Attachments {
  const named = ({ containerId, ifname }: AttachmentId): SpanFields => ({ containerId, ifname });
  return {
    attach: (request, options) => {
      const { pod, network } = request;
      const fields = {
        ...named(request),
        requestId: options.requestId,
        network: network.name,
        podNamespace: pod?.namespace,
        podName: pod?.name,
      };
      return span('hawser.attachments.attach', fields, () => engine.attach(request, options));
    },
    detach: (request, options) =>
      span('hawser.attachments.detach', { ...named(request), requestId: options.requestId, network: request.network }, () =>
        engine.detach(request, options),
      ),
    check: (request, options) =>
      span('hawser.attachments.check', { ...named(request), requestId: options.requestId, network: request.network }, () =>
        engine.check(request, options),
      ),
    reap: (view, options) =>
      span('hawser.attachments.reap', { requestId: options.requestId, network: view.network }, () => engine.reap(view, options)),
    ready: (network) => engine.ready(network),
    list: (onDamaged) => engine.list(onDamaged),
    get: (id) => engine.get(id),
  };
}
