# All providers on 4010, uploads and results on 4011.
FROM python:3.12-slim AS build
COPY . /src
RUN pip install --no-cache-dir --prefix=/install /src

FROM python:3.12-slim
COPY --from=build /install /usr/local
RUN useradd --create-home understudy
USER understudy
EXPOSE 4010 4011
# Callers are not on the container's loopback: without a token they may ask the providers, but steer nothing.
ENV UNDERSTUDY_HOST=0.0.0.0 \
    UNDERSTUDY_PUBLIC_URL=http://127.0.0.1:4010 \
    UNDERSTUDY_MEDIA_URL=http://127.0.0.1:4011
HEALTHCHECK --interval=5s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:4010/')"]
ENTRYPOINT ["understudy", "serve"]
