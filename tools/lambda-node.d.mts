/** The path of a Node.js binary of a version that Lambda runs. @throws Error with the reason when there is none */
export function lambdaNode(): string;
