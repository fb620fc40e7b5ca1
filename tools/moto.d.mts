/** A Python that has moto. @throws Error with the reason when there is none and none can be installed */
export function motoPython(): string;
