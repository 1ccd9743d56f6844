"""The laws of magnitudes that studies, benchmarks and P5 go through, by the names that figures and tables give them."""

MAGNITUDES = {
    "Gaussian": "norm()",
    "Laplace": "laplace()",
    "generalised normal 0.65": "gennorm(beta=0.65)",
    "Student-t 5": "t(df=5)",
    "Student-t 3": "t(df=3)",
}
