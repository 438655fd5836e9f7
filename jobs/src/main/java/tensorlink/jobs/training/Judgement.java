package tensorlink.jobs.training;

import java.util.List;
import java.util.TreeSet;

/** How good answers are, in shares from 0 to 1. */
final class Judgement {
    private final List<Trainee.Answer> answers;

    /**
     * @param answers at least one
     */
    Judgement(List<Trainee.Answer> answers) {
        this.answers = List.copyOf(answers);
    }

    /** The share of right answers. */
    double accuracy() {
        long right = answers.stream().filter(it -> it.right() == it.given()).count();
        return right / (double) answers.size();
    }

    /**
     * The harmonic mean of precision and recall: where there are two classes of the second, as
     * scikit-learn has it; where there are more, the mean of all classes'.
     */
    double f1() {
        var classes = new TreeSet<Long>();
        for (var answer : answers) {
            classes.add(answer.right());
        }
        if (classes.size() <= 2) {
            return f1(Math.max(1, classes.last()));
        }
        return classes.stream().mapToDouble(this::f1).sum() / classes.size();
    }

    private double f1(long one) {
        long found = 0;
        long missed = 0;
        long mistaken = 0;
        for (var answer : answers) {
            found += answer.right() == one && answer.given() == one ? 1 : 0;
            missed += answer.right() == one && answer.given() != one ? 1 : 0;
            mistaken += answer.right() != one && answer.given() == one ? 1 : 0;
        }
        return found == 0 ? 0 : 2.0 * found / (2 * found + missed + mistaken);
    }
}
