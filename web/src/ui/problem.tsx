// A refusal, and what to do next.
import { session } from "./console";

export function ProblemNote() {
  const problem = session.problem.value;
  return (
    <div role="alert" class="problem-place">
      {problem && (
        <p class="problem" data-testid="problem" data-status={problem.status}>
          <b>{problem.title}.</b> {problem.detail}
        </p>
      )}
    </div>
  );
}
