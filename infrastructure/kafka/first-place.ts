/** Where a consumer that was never seen before begins, when that is the end: written down before it consumes, so that nothing is missed afterwards. */
import type { Admin, Kafka } from 'kafkajs';

export type Group = Readonly<{ groupId: string; topicName: string }>;

/** The brokers' word for a partition that the group has never finished anything of. */
const NEVER = '-1';
const WAIT_MS = 100;

const hasPlace = async (admin: Admin, { groupId, topicName }: Group): Promise<boolean> => {
  const [known] = await admin.fetchOffsets({ groupId, topics: [topicName] });
  return known?.partitions.some(({ offset }) => offset !== NEVER) ?? false;
};

/** Moves a group that has no place yet to the end of the topic, as it was when this was called. Only a member may do so. */
export const beginAtTheEnd = async (admin: Admin, kafka: Kafka, group: Group): Promise<void> => {
  if (await hasPlace(admin, group)) return;
  const { groupId, topicName: topic } = group;
  const ends = await admin.fetchTopicOffsets(topic);
  const member = kafka.consumer({ groupId, maxWaitTimeInMs: WAIT_MS, allowAutoTopicCreation: false });
  await member.connect();
  await member.subscribe({ topics: [topic], fromBeginning: true });
  await member.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: () => Promise.resolve() });
  // Another of the same name may have come first.
  if (!(await hasPlace(admin, group))) await member.commitOffsets(ends.map(({ partition, high }) => ({ topic, partition, offset: high })));
  await member.disconnect();
};
