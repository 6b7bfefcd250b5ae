# The page and the service in one small image: no root, no compiler, nothing written outside /tmp.
#   docker build -t instrunet . && docker run -p 127.0.0.1:8501:8501 --read-only --tmpfs /tmp instrunet
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir ".[web,api,formats,plot]"

FROM python:3.12-slim
COPY --from=build /venv /venv
RUN useradd --uid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin instrunet
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /tmp
EXPOSE 8501 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(os.environ.get('HEALTH_URL', 'http://127.0.0.1:8501/_stcore/health'), timeout=4)"]
ENTRYPOINT ["instrunet"]
CMD ["app", "--host", "0.0.0.0", "--port", "8501", "--no-browser"]
