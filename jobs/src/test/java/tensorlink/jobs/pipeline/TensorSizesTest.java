package tensorlink.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tensorlink.compute.ModelConfig;
import tensorlink.jobs.job.JobLimits;
import tensorlink.jobs.job.Workload;

/** What a stream may promise follows from the job, up to what no job may. */
class TensorSizesTest {
    /** Hidden states of 1,024 and a vocabulary whose embedding takes more than a buffer spans. */
    private static final ModelConfig LARGE = ModelConfig.llama(1_024, 2, 600_000, 512);

    private static TensorSizes sizes(int rows, int length, long bytesMax) {
        return new TensorSizes(LARGE, new Workload(rows, length, 1), bytesMax);
    }

    @Test
    void a_job_may_send_what_its_model_and_workload_make_and_no_more() {
        long most = JobLimits.defaults().tensorBytesMax();
        var sizes = sizes(2, 512, most);

        assertThat(sizes.embedding())
                .isEqualTo((long) LARGE.vocabulary() * LARGE.hidden() * Float.BYTES);
        assertThat(sizes.hidden()).isEqualTo(2L * 512 * LARGE.hidden() * Float.BYTES);
        assertThat(sizes.logits()).isEqualTo(2L * 512 * LARGE.vocabulary() * Float.BYTES);
        assertThat(sizes.logits()).isGreaterThan(Integer.MAX_VALUE).isLessThan(most);
    }

    @Test
    void no_job_may_send_more_than_the_limit_of_all() {
        var sizes = sizes(Workload.ROWS_MAX, Workload.LENGTH_MAX, 1_000);

        assertThat(sizes.logits()).isEqualTo(1_000);
        assertThat(sizes.hidden()).isEqualTo(1_000);
        assertThat(sizes.embedding()).isEqualTo(1_000);
    }
}
