/** Characters that all answers have at most. */
const MOST = 48_000_000;
/** What an answer takes besides itself. */
const OVERHEAD = 200;
/** One topic must not push out all others. */
const MOST_OF_TOPIC = MOST / 8;

interface Topic {
  answers: Map<string, Promise<unknown>>;
  size: number;
}

/**
 * Answers of the engine, kept until a write that may change them is committed. Each belongs to a topic; who writes
 * names the topics that the write is about. A store has one owner, so there is no write that this is not told of.
 */
export class KnownAnswers {
  /** The topic that was asked last is at the end. */
  readonly #topics = new Map<string, Topic>();
  #size = 0;

  /**
   * @param name of the question within its topic
   * @param read asks the engine; called only when the answer is not known
   * @param size of an answer, in characters
   */
  async of<T>(topic: string, name: string, read: () => Promise<T>, size: (answer: T) => number): Promise<T> {
    const known = this.#topics.get(topic) ?? { answers: new Map<string, Promise<unknown>>(), size: 0 };
    this.#topics.delete(topic);
    this.#topics.set(topic, known);
    const found = known.answers.get(name) as Promise<T> | undefined;
    if (found !== undefined) return found;
    const reading = read();
    known.answers.set(name, reading);
    try {
      const answer = await reading;
      this.#keep(topic, known, OVERHEAD + name.length + size(answer));
      return answer;
    } catch (error) {
      known.answers.delete(name);
      throw error;
    }
  }

  /** Has everything of a topic asked again; also what is being read now, and may be from before the write. */
  forget(topic: string): void {
    this.#size -= this.#topics.get(topic)?.size ?? 0;
    this.#topics.delete(topic);
  }

  #keep(name: string, topic: Topic, size: number): void {
    if (this.#topics.get(name) !== topic) return;
    topic.size += size;
    this.#size += size;
    if (topic.size > MOST_OF_TOPIC) this.forget(name);
    for (const oldest of this.#topics.keys()) {
      if (this.#size <= MOST) return;
      this.forget(oldest);
    }
  }
}
