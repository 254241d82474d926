import { type Message, Messages } from '../netlink/message.ts';

/** All messages of a datagram at once, to be compared. Throws RangeError as reading them one by one does. */
export function messagesOf(bytes: Buffer): Message[] {
  const messages = new Messages(bytes);
  const found: Message[] = [];
  while (messages.next()) {
    const { type, flags, sequence, port, start, end } = messages;
    found.push({ type, flags, sequence, port, bytes, start, end });
  }
  return found;
}

/** A message whose payload is all that there is of its datagram. */
export function messageOf(type: number, payload: Buffer, flags = 0): Message {
  return { type, flags, sequence: 1, port: 0, bytes: payload, start: 0, end: payload.length };
}
