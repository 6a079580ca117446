"""The exercises of each lesson: probes, right answers, and the wrong ones that learners give, with what to say to each."""
